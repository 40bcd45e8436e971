import { createHash, hash, type Hash } from 'node:crypto'
import type { ByteStream } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import { algorithmOf, canonicalAlgorithm, type Digest, type DigestAlgorithm } from './digest.ts'

/** Computes a digest while bytes go by, with Node's native hash: fast, but its state cannot be kept. */
export class Digester {
  readonly algorithm: DigestAlgorithm
  readonly #hash: Hash

  constructor(algorithm: DigestAlgorithm = canonicalAlgorithm) {
    this.algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** The digest of all bytes so far. Ends this digester. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hash.digest('hex')}` as Digest
  }
}

/** The digest of bytes that are at hand. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = canonicalAlgorithm): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}` as Digest
}

/** @throws RegistryError DIGEST_INVALID: some content's digest is not the one that it is known by */
export function checkDigest(actual: Digest, expected: Digest): void {
  if (actual === expected) return
  const reason = `content does not match digest: it is ${actual}`
  throw new RegistryError('DIGEST_INVALID', { digest: expected, reason })
}

/**
 * Passes bytes through, and throws instead of ending where they are not those that `expected` names.
 *
 * @throws RegistryError DIGEST_INVALID after the last byte
 */
export async function* verifyDigest(source: ByteStream, expected: Digest): ByteStream {
  const digester = new Digester(algorithmOf(expected))
  for await (const chunk of source) {
    digester.update(chunk)
    yield chunk
  }
  checkDigest(digester.digest(), expected)
}
