import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto'
import { type SignatureAlgorithm, rsaBits, signatureAlgorithms } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { libtrustId } from './libtrust-id.ts'

/** The members of a public key, in the order in which they are written. */
export type PublicJwk =
  | { readonly crv: string; readonly kid: string; readonly kty: 'EC'; readonly x: string; readonly y: string }
  | { readonly e: string; readonly kid: string; readonly kty: 'RSA'; readonly n: string }

/** No JSON Web Key, or one that is not fit to sign with. */
export class UnfitKey extends Error {
  override readonly name = 'UnfitKey'
}

/** What verifies signatures. It has one kind of algorithm: what a signature says of itself does not choose another. */
export class PublicKey {
  readonly id: string
  readonly jwk: PublicJwk
  /** By which its owner may sign; the first is the one that Berth uses. */
  readonly algorithms: readonly SignatureAlgorithm[]
  readonly #key: KeyObject

  private constructor(key: KeyObject, jwk: PublicJwk, algorithms: readonly SignatureAlgorithm[]) {
    this.id = jwk.kid
    this.jwk = jwk
    this.algorithms = algorithms
    this.#key = key
  }

  /** @throws UnfitKey not exactly the members of a public key, of a kind and size that is allowed */
  static parse(value: unknown): PublicKey {
    const members = membersOf(value)
    const isEc = members['kty'] === 'EC'
    if (!isEc && members['kty'] !== 'RSA') throw new UnfitKey('must be of type EC or RSA')
    const known = isEc ? ['crv', 'kid', 'kty', 'x', 'y'] : ['e', 'kid', 'kty', 'n']
    const unknown = Object.keys(members).find((name) => !known.includes(name))
    if (unknown !== undefined) throw new UnfitKey(`has a member that no public key has: ${unknown.slice(0, 32)}`)
    const key = isEc ? PublicKey.#parseEc(members) : PublicKey.#parseRsa(members)
    if (members['kid'] !== undefined && members['kid'] !== key.id)
      throw new UnfitKey(`has the id ${key.id}, and not the one that it says`)
    return key
  }

  /** Whether `signature` is this key's of `content`, by an algorithm that this key has. */
  verifies(algorithm: SignatureAlgorithm, content: Uint8Array, signature: Uint8Array): boolean {
    if (!this.algorithms.includes(algorithm)) return false
    if (algorithm.kty === 'EC' && signature.byteLength !== 2 * algorithm.width) return false
    return verify(algorithm.hash, content, { key: this.#key, dsaEncoding: 'ieee-p1363' }, signature)
  }

  static #parseEc({ crv, x, y }: Readonly<Record<string, unknown>>): PublicKey {
    const algorithm = signatureAlgorithms.find((each) => each.kty === 'EC' && each.crv === crv)
    if (algorithm?.kty !== 'EC') throw new UnfitKey('must be on the curve P-256, P-384 or P-521')
    for (const coordinate of [x, y])
      if (decodeBase64url(coordinate)?.byteLength !== algorithm.width)
        throw new UnfitKey(`needs coordinates of ${algorithm.width} bytes, base64url`)
    return PublicKey.#of({ kty: 'EC', crv: algorithm.crv, x: x as string, y: y as string }, [algorithm])
  }

  static #parseRsa({ e, n }: Readonly<Record<string, unknown>>): PublicKey {
    const modulus = decodeBase64url(n)
    const bits =
      modulus === undefined || modulus[0] === 0 ? 0 : modulus.byteLength * 8 - Math.clz32(modulus[0] ?? 0) + 24
    if (bits < rsaBits.min || bits > rsaBits.max)
      throw new UnfitKey(`needs a modulus of ${rsaBits.min} to ${rsaBits.max} bits, base64url`)
    const exponent = decodeBase64url(e)
    // Verifying takes as many multiplications as the exponent has bits; nobody's has more than 32.
    if (exponent === undefined || exponent.byteLength > 4 || !isSound(exponent))
      throw new UnfitKey('needs an odd exponent from 3 to 2^32, base64url')
    const algorithms = signatureAlgorithms.filter(({ kty }) => kty === 'RSA')
    return PublicKey.#of({ kty: 'RSA', e: e as string, n: n as string }, algorithms)
  }

  static #of(jwk: JsonWebKey, algorithms: readonly SignatureAlgorithm[]): PublicKey {
    let key: KeyObject
    try {
      key = createPublicKey({ key: jwk, format: 'jwk' })
    } catch (cause) {
      throw new UnfitKey('is no key of its kind', { cause })
    }
    const kid = libtrustId(key)
    const members: PublicJwk =
      jwk.kty === 'EC'
        ? { crv: String(jwk.crv), kid, kty: 'EC', x: String(jwk.x), y: String(jwk.y) }
        : { e: String(jwk.e), kid, kty: 'RSA', n: String(jwk.n) }
    return new PublicKey(key, members, algorithms)
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UnfitKey('must be an object')
  return value as Readonly<Record<string, unknown>>
}

function isSound(exponent: Buffer): boolean {
  if (exponent.byteLength === 0 || exponent[0] === 0) return false
  const value = exponent.readUIntBE(0, exponent.byteLength)
  return value >= 3 && value % 2 === 1
}
