import { RegistryError } from '@berth/errors'

/** `algorithm:encoded`, valid: a known algorithm, and as many lower-case hexadecimal digits as it has. */
export type Digest = string & { readonly __brand: 'Digest' }

export const algorithms = ['sha256', 'sha384', 'sha512'] as const
export type DigestAlgorithm = (typeof algorithms)[number]

/** What content is known by where nobody names another algorithm. */
export const canonicalAlgorithm: DigestAlgorithm = 'sha256'

/** The sha256 of no bytes. */
export const emptyDigest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as Digest

const encodedLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 }
// Longer than any algorithm's. The pattern repeats a group, and would exhaust the stack on millions of them.
const maxLength = 1024
const generalForm = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/
const hexadecimal = /^[a-f0-9]+$/

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return Object.hasOwn(encodedLength, text)
}

/**
 * @throws RegistryError DIGEST_INVALID, its reason one of `invalid checksum digest format`, `unsupported digest
 *   algorithm`, `invalid checksum digest length`
 * @see OCI image-spec, "Digests"; the reasons are go-digest's
 */
export function parseDigest(text: string): Digest {
  const refuse = (reason: string): never => {
    throw new RegistryError('DIGEST_INVALID', { digest: text, reason })
  }
  const colon = text.indexOf(':')
  if (colon <= 0 || colon === text.length - 1) return refuse('invalid checksum digest format')
  const algorithm = text.slice(0, colon)
  const encoded = text.slice(colon + 1)
  if (!isDigestAlgorithm(algorithm)) {
    const isWellFormed = text.length <= maxLength && generalForm.test(text)
    return refuse(isWellFormed ? 'unsupported digest algorithm' : 'invalid checksum digest format')
  }
  if (encoded.length !== encodedLength[algorithm]) return refuse('invalid checksum digest length')
  if (!hexadecimal.test(encoded)) return refuse('invalid checksum digest format')
  return text as Digest
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm
}

/** The hexadecimal digits after the colon. */
export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}
