import { createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto'
import { libtrustId } from '@berth/manifest'
import type { WatchedFile } from '../watched-file.ts'
import { parseChain, vouchedUntilMs } from './certificate-chain.ts'
import { thumbprint } from './thumbprint.ts'
import type { TokenHeader, TokenKeys, TrustedKey } from './token-keys.ts'

/** What a file of certificates says: whose signatures count. */
export interface CertificateBundle {
  readonly roots: readonly X509Certificate[]
  /** The keys of the certificates, by libtrust's fingerprint and by the thumbprint of RFC 7638. */
  readonly keys: ReadonlyMap<string, KeyObject>
}

/** Reads the certificates of a PEM file, which may hold other things. @throws Error there is none, or a broken one */
export function parseBundle(pem: string): CertificateBundle {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error('token auth requires at least one token signing root certificate')
  const roots = blocks.map((block) => new X509Certificate(block))
  const keys = roots.flatMap(({ publicKey }): [string, KeyObject][] => [
    [libtrustId(publicKey), publicKey],
    [thumbprint(publicKey), publicKey],
  ])
  return { roots, keys: new Map(keys) }
}

/** Trusts the keys of a file of certificates, and those of certificates that these vouch for. */
export class CertificateKeys implements TokenKeys {
  readonly #file: WatchedFile<CertificateBundle>
  readonly #nowMs: () => number

  constructor(file: WatchedFile<CertificateBundle>, nowMs: () => number = Date.now) {
    this.#file = file
    this.#nowMs = nowMs
  }

  get generation(): unknown {
    return this.#file.value
  }

  /** A token shows the certificate of its key, or the key, or says its id; the first of these decides. */
  find({ x5c, jwk, kid }: TokenHeader): TrustedKey | undefined {
    if (x5c !== undefined) return this.#vouched(x5c)
    if (isRecord(jwk)) return jwk['x5c'] === undefined ? this.#ofKey(jwk) : this.#vouched(jwk['x5c'])
    return typeof kid === 'string' ? this.#byId(kid) : undefined
  }

  #vouched(x5c: unknown): TrustedKey | undefined {
    const chain = parseChain(x5c)
    const [leaf] = chain ?? []
    if (chain === undefined || leaf === undefined) return undefined
    const trustedUntilMs = vouchedUntilMs(chain, this.#file.value.roots, new Date(this.#nowMs()))
    return trustedUntilMs === undefined ? undefined : { key: leaf.publicKey, trustedUntilMs }
  }

  /** What a key is called is worth nothing: whether it is trusted is seen in itself. */
  #ofKey(jwk: Record<string, unknown>): TrustedKey | undefined {
    try {
      return this.#byId(libtrustId(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })))
    } catch {
      return undefined
    }
  }

  #byId(id: string): TrustedKey | undefined {
    const key = this.#file.value.keys.get(id)
    return key && { key }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
