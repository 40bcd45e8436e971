import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import type { SignatureAlgorithm } from './algorithms.ts'
import { PublicKey, UnfitKey } from './public-key.ts'

/** What libtrust writes above a key, such as its id: OpenSSL, and so Node, knows no headers but those of encryption. */
const headers = /(-----BEGIN [A-Z ]+-----\r?\n)(?:(?!Proc-Type|DEK-Info)[\w-]+: [^\n]*\n)+\r?\n/

/** What a registry signs schema1 manifests with, which are served with its own signature alone. */
export class SigningKey {
  readonly publicKey: PublicKey
  readonly algorithm: SignatureAlgorithm
  readonly #key: KeyObject

  private constructor(key: KeyObject, publicKey: PublicKey) {
    const [algorithm] = publicKey.algorithms
    if (algorithm === undefined) throw new UnfitKey('has no algorithm')
    this.publicKey = publicKey
    this.algorithm = algorithm
    this.#key = key
  }

  /** A new one, on P-256. */
  static generate(): SigningKey {
    return SigningKey.#of(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  }

  /**
   * A private key as libtrust stores it: a JSON Web Key, or PEM (PKCS#8, or that of its kind). EC on P-256, P-384 or
   * P-521, or RSA.
   *
   * @throws UnfitKey neither, encrypted, of another kind, or not the key that its `kid` or its public members name
   */
  static parse(text: string): SigningKey {
    return text.trimStart().startsWith('{') ? SigningKey.#parseJwk(text) : SigningKey.#parsePem(text)
  }

  sign(content: Uint8Array): Buffer {
    return sign(this.algorithm.hash, content, { key: this.#key, dsaEncoding: 'ieee-p1363' })
  }

  static #parseJwk(text: string): SigningKey {
    let key: KeyObject
    let kid: unknown
    try {
      const jwk = JSON.parse(text) as JsonWebKey
      kid = jwk['kid']
      key = createPrivateKey({ key: jwk, format: 'jwk' })
    } catch (cause) {
      // What the parser says quotes the key.
      throw new UnfitKey('is no private JSON Web Key', { cause })
    }
    const parsed = SigningKey.#of(key)
    if (kid !== undefined && kid !== parsed.publicKey.id)
      throw new UnfitKey(`has the id ${parsed.publicKey.id}, and not the one that it says`)
    return parsed
  }

  static #parsePem(text: string): SigningKey {
    try {
      return SigningKey.#of(createPrivateKey({ key: text.replace(headers, '$1'), format: 'pem' }))
    } catch (cause) {
      if (cause instanceof UnfitKey) throw cause
      throw new UnfitKey('is no private key in PEM without a password', { cause })
    }
  }

  static #of(key: KeyObject): SigningKey {
    if (key.asymmetricKeyType !== 'ec' && key.asymmetricKeyType !== 'rsa')
      throw new UnfitKey('must be of type EC or RSA')
    const { kty, crv, x, y, e, n } = key.export({ format: 'jwk' })
    const own = new SigningKey(key, PublicKey.parse(kty === 'EC' ? { kty, crv, x, y } : { kty, e, n }))
    const probe = Buffer.from('probe')
    if (!own.publicKey.verifies(own.algorithm, probe, own.sign(probe)))
      throw new UnfitKey('has public members that are not those of its private ones')
    return own
  }
}
