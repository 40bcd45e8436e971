import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { thumbprint } from './thumbprint.ts'
import { parseJson } from './parse-json.ts'
import type { TrustedKey } from './token-keys.ts'

/**
 * The keys of a JSON Web Key Set that signatures are verified with, by their ids; one without is known by its
 * thumbprint. What a set holds besides is ignored.
 *
 * @throws Error the text is not a key set, or the set has no such key; the message repeats nothing of the text
 * @see RFC 7517
 */
export function parseJwks(text: string): ReadonlyMap<string, TrustedKey> {
  return requireKey(parseChangedJwks(text))
}

/**
 * The same for a set that replaces another one: without keys, it says that none is trusted any more.
 *
 * @throws Error the text is not a key set; the message repeats nothing of the text
 */
export function parseChangedJwks(text: string): ReadonlyMap<string, TrustedKey> {
  const set = parseJson(text) as { readonly keys?: unknown } | null
  if (!Array.isArray(set?.keys)) throw new Error('not a JSON Web Key Set: there is no list of keys')
  return new Map(set.keys.flatMap((jwk: unknown) => entryOf(jwk)))
}

/** @throws Error there is no key */
export function requireKey(keys: ReadonlyMap<string, TrustedKey>): ReadonlyMap<string, TrustedKey> {
  if (keys.size === 0) throw new Error('token auth requires at least one token signing key')
  return keys
}

function entryOf(jwk: unknown): [id: string, key: TrustedKey][] {
  if (typeof jwk !== 'object' || jwk === null) return []
  const { kid, use, alg, exp, ...rest } = jwk as Record<string, unknown>
  if (use !== undefined && use !== 'sig') return []
  // A key whose end is not understood is not trusted at all.
  if (exp !== undefined && typeof exp !== 'number') return []
  const key = keyOf(rest as JsonWebKey)
  if (key === undefined) return []
  const id = typeof kid === 'string' ? kid : key.type === 'secret' ? undefined : thumbprint(key)
  if (id === undefined) return []
  return [
    [id, { key, ...(typeof alg === 'string' && { alg }), ...(exp !== undefined && { trustedUntilMs: exp * 1000 }) }],
  ]
}

function keyOf(jwk: JsonWebKey): KeyObject | undefined {
  try {
    if (jwk.kty !== 'oct') return createPublicKey({ key: jwk, format: 'jwk' })
    return typeof jwk.k === 'string' ? createSecretKey(jwk.k, 'base64url') : undefined
  } catch {
    // Of a kind that Node does not know, which is no harm as long as there are others.
    return undefined
  }
}
