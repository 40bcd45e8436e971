import { readFile } from 'node:fs/promises'
import type { Logger } from '@berth/errors'
import { decodeJwt, jwtVerify, type JWTHeaderParameters } from 'jose'
import type { FederatedSubject } from '../policy/subject.ts'
import { getText } from '../stored/token/get-text.ts'
import { JwksUrlKeys } from '../stored/token/jwks-url-keys.ts'
import { parseJson } from '../stored/token/parse-json.ts'
import { placeOf } from '../stored/token/place-of.ts'
import type { TokenKeys } from '../stored/token/token-keys.ts'
import { InvalidToken } from '../stored/token/token-verifier.ts'
import { readClaims } from './read-claims.ts'

/** Who signs tokens that say who somebody is: an OpenID provider, such as a cluster or a CI. */
export interface IssuerOptions {
  /** As policies name it. */
  readonly name: string
  /** As tokens name it. */
  readonly issuer: string
  /** As tokens name this registry. */
  readonly audience: string
  /** Where its keys are; where not given, it is asked for that. */
  readonly jwksUrl: string | undefined
  /** Path of the certificates that vouch for it, PEM. */
  readonly ca: string | undefined
  /** Path of the token that it wants to see before it tells its keys. */
  readonly tokenFile: string | undefined
  /** Further claims, by their names: where a token has them, as JSON pointers. */
  readonly claims: Readonly<Record<string, string>>
}

interface IssuerParts {
  readonly log: Logger
  readonly leewayMs: number
  readonly nowMs?: () => number
  readonly keys?: TokenKeys
}

// Nothing that whoever verifies could also sign.
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** Knows people by the tokens of one issuer. */
export class IdentityIssuer {
  readonly #options: IssuerOptions
  readonly #keys: TokenKeys
  readonly #leewayMs: number
  readonly #nowMs: () => number

  constructor(options: IssuerOptions, { log, leewayMs, nowMs = Date.now, keys }: IssuerParts) {
    this.#options = options
    this.#leewayMs = leewayMs
    this.#nowMs = nowMs
    const url = options.jwksUrl ?? discoveryUrl(options.issuer)
    this.#keys = keys ?? new JwksUrlKeys({ url, log, nowMs, get: (from) => keySetBehind(options, from) })
  }

  /** As tokens name it. */
  get issuer(): string {
    return this.#options.issuer
  }

  /**
   * Whom a token is about.
   *
   * @throws InvalidToken it is none of this issuer's, or none for this registry
   * @throws RegistryError UNAVAILABLE: the issuer's keys cannot be had
   */
  async verify(token: string): Promise<FederatedSubject> {
    const { issuer, audience, name, claims } = this.#options
    // An outage is no fault of the token's: jose must not see it.
    let outage: unknown
    const verified = await jwtVerify(
      token,
      async (header) => {
        try {
          return await this.#key(header)
        } catch (error) {
          if (!(error instanceof InvalidToken)) outage = error
          throw error
        }
      },
      {
        issuer,
        audience,
        algorithms,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: this.#leewayMs / 1000,
        currentDate: new Date(this.#nowMs()),
      },
    ).catch((error: unknown) => {
      if (outage !== undefined) throw outage
      throw new InvalidToken(error instanceof Error ? error.message : 'it is malformed', { cause: error })
    })
    const { sub = '' } = verified.payload
    if (sub === '') throw new InvalidToken('it is about nobody')
    return {
      kind: 'federated',
      issuer: name,
      name: sub,
      claims: readClaims(verified.payload, claims),
      isUserMapped: Object.hasOwn(claims, 'user'),
    }
  }

  async #key(header: JWTHeaderParameters) {
    const found = await this.#keys.find({ kid: header.kid, alg: header.alg })
    if (found === undefined) throw new InvalidToken('signed with a key that is not its issuer’s')
    if (found.alg !== undefined && found.alg !== header.alg)
      throw new InvalidToken('signed with an algorithm its key is not for')
    return found.key
  }
}

/** Who a token says that signed it, which is not to be believed; `undefined` where it is none. */
export function claimedIssuer(token: string): string | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** @see OpenID Connect Discovery, section 4 */
function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

async function keySetBehind({ issuer, jwksUrl, ca, tokenFile }: IssuerOptions, url: string): Promise<string> {
  // They are read each time: both are replaced now and then.
  const trusted = ca === undefined ? undefined : await readFile(ca, 'utf8')
  const bearer = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim()
  const text = await getText(url, { ca: trusted, bearer })
  if (jwksUrl !== undefined) return text
  const found = parseJson(text) as { readonly issuer?: unknown; readonly jwks_uri?: unknown } | null
  // MUST be the same: or whoever answers at one issuer's URL could speak for another.
  if (found?.issuer !== issuer) throw new Error(`${placeOf(url)} is about another issuer`)
  const keys = URL.parse(String(found.jwks_uri))
  if (keys === null || !/^https?:$/.test(keys.protocol))
    throw new Error(`${placeOf(url)} does not say where the keys are`)
  if (url.startsWith('https:') && keys.protocol !== 'https:')
    throw new Error(`${placeOf(url)} has its keys in the clear`)
  const isSameServer = keys.origin === new URL(url).origin
  return getText(keys.href, { ca: trusted, bearer: isSameServer ? bearer : undefined })
}
