/** What a token says, as far as it matters to a registry. */
export interface TokenClaims {
  readonly issuer: string
  readonly subject: string
  readonly audience: readonly string[]
  /** Seconds since 1970; 0 where the token does not say. */
  readonly notBefore: number
  readonly expires: number
  /** By `type:name`, the actions. */
  readonly access: ReadonlyMap<string, ReadonlySet<string>>
}

/** @returns `undefined` where it is not made as it should be @see Docker Registry token authentication, "Getting a Bearer Token" */
export function parseClaims(payload: string): TokenClaims | undefined {
  const claims = parseJson(payload)
  if (!isRecord(claims)) return undefined
  const { iss = '', sub = '', aud, nbf = 0, exp = 0, access } = claims
  const audience = aud === undefined || aud === null ? [] : typeof aud === 'string' ? [aud] : aud
  const actions = parseAccess(access)
  if (typeof iss !== 'string' || typeof sub !== 'string' || !isTexts(audience)) return undefined
  if (typeof nbf !== 'number' || typeof exp !== 'number' || actions === undefined) return undefined
  return { issuer: iss, subject: sub, audience, notBefore: nbf, expires: exp, access: actions }
}

function parseAccess(access: unknown): Map<string, Set<string>> | undefined {
  const byThing = new Map<string, Set<string>>()
  if (access === undefined || access === null) return byThing
  if (!Array.isArray(access)) return undefined
  for (const entry of access as unknown[]) {
    if (!isRecord(entry)) return undefined
    const { type = '', name = '', actions } = entry
    const named = actions ?? []
    if (typeof type !== 'string' || typeof name !== 'string' || !isTexts(named)) return undefined
    const thing = `${type}:${name}`
    const known = byThing.get(thing)
    byThing.set(thing, new Set(known === undefined ? named : [...known, ...named]))
  }
  return byThing
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
