import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto'
import { thumbprint } from '../stored/token/thumbprint.ts'
import { parseJson } from '../stored/token/parse-json.ts'

/** A key of the token server's own. */
export interface SigningKey {
  readonly id: string
  readonly algorithm: string
  readonly publicKey: KeyObject
  /** `undefined`: it only verifies. */
  readonly privateKey: KeyObject | undefined
  /** Seconds since 1970: before this it is only published. */
  readonly signsFrom: number
  /** Seconds since 1970: after this its signatures are worth nothing. */
  readonly trustedUntil: number
}

/** What its keys may be for. */
export const ownAlgorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256'] as const

/** A new key on P-256. */
export function makeSigningKey(signsFrom: number): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = thumbprint(publicKey)
  return { id, algorithm: 'ES256', publicKey, privateKey, signsFrom, trustedUntil: Number.POSITIVE_INFINITY }
}

/**
 * Reads the keys of a JSON Web Key Set. `nbf` is when a key begins to sign, and `exp` when it is no longer trusted.
 *
 * @throws Error the text is not a set with signing keys; the message repeats nothing of the text
 */
export function parseSigningKeys(text: string): readonly SigningKey[] {
  return requireSigningKey(parseChangedSigningKeys(text))
}

/** The same for a set that replaces another one: without keys, it says that none is trusted any more. @throws Error */
export function parseChangedSigningKeys(text: string): readonly SigningKey[] {
  const set = parseJson(text) as { readonly keys?: unknown } | null
  if (!Array.isArray(set?.keys)) throw new Error(notAKeySet)
  const keys = set.keys.map((jwk: unknown, at) => parseKey(jwk, `key ${at + 1}`))
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error('two keys have the same id')
  return keys
}

/** @throws Error there is no key */
export function requireSigningKey(keys: readonly SigningKey[]): readonly SigningKey[] {
  if (keys.length === 0) throw new Error(notAKeySet)
  return keys
}

const notAKeySet = 'not a JSON Web Key Set with keys in it'

/** All of them, as `parseSigningKeys` reads them: to be kept secret. */
export function formatSigningKeys(keys: readonly SigningKey[]): string {
  const all = keys.map((key) => ({
    ...(key.privateKey ?? key.publicKey).export({ format: 'jwk' }),
    ...publicMembers(key),
    ...(key.signsFrom > 0 && { nbf: key.signsFrom }),
    ...endOf(key),
  }))
  return `${JSON.stringify({ keys: all }, undefined, 2)}\n`
}

/** What anybody may know of them, as a JSON Web Key Set. */
export function formatKeySet(keys: readonly SigningKey[]): string {
  return JSON.stringify({
    keys: keys.map((key) => ({ ...key.publicKey.export({ format: 'jwk' }), ...publicMembers(key), ...endOf(key) })),
  })
}

/** A JSON Web Token. @see RFC 7515, "JWS Compact Serialization" */
export function signToken(key: SigningKey, type: string, claims: object): string {
  const { id, algorithm, privateKey } = key
  if (privateKey === undefined) throw new Error(`key ${id} does not sign`)
  const header = { typ: type, alg: algorithm, kid: id }
  const input = `${encode(header)}.${encode({ jti: randomUUID(), ...claims })}`
  const signature = sign(hashes[algorithm], Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** What is hashed before it is signed; EdDSA does that itself. */
const hashes: Readonly<Record<string, string | undefined>> = {
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  RS256: 'sha256',
}

const algorithms: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
  RSA: 'RS256',
}

function parseKey(jwk: unknown, which: string): SigningKey {
  if (typeof jwk !== 'object' || jwk === null) throw new Error(`${which} is none`)
  const { kid, nbf, exp, ...rest } = jwk as Record<string, unknown>
  const { kty, crv, d } = rest
  const algorithm = algorithms[String(kty === 'RSA' ? kty : crv)]
  if (algorithm === undefined) throw new Error(`${which} is of a kind that tokens are not signed with here`)
  const [publicKey, privateKey] = keysOf(rest as JsonWebKey, d !== undefined, which)
  return {
    id: typeof kid === 'string' ? kid : thumbprint(publicKey),
    algorithm,
    publicKey,
    privateKey,
    signsFrom: secondsOf(nbf, 0, `${which}: nbf`),
    trustedUntil: secondsOf(exp, Number.POSITIVE_INFINITY, `${which}: exp`),
  }
}

function keysOf(key: JsonWebKey, isPrivate: boolean, which: string): [KeyObject, KeyObject | undefined] {
  try {
    return [createPublicKey({ key, format: 'jwk' }), isPrivate ? createPrivateKey({ key, format: 'jwk' }) : undefined]
  } catch {
    throw new Error(`${which} is broken`)
  }
}

function secondsOf(given: unknown, otherwise: number, which: string): number {
  if (given === undefined) return otherwise
  if (typeof given !== 'number' || !(given >= 0)) throw new Error(`${which} must be seconds since 1970`)
  return given
}

function endOf({ trustedUntil }: SigningKey): { readonly exp?: number } {
  return Number.isFinite(trustedUntil) ? { exp: trustedUntil } : {}
}

function publicMembers({ id, algorithm }: SigningKey): object {
  return { kid: id, alg: algorithm, use: 'sig' }
}
