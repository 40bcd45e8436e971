import type { Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'

/** @throws RegistryError DIGEST_INVALID: the content is not what the client named */
export function checkDigest(actual: Digest, expected: Digest): void {
  if (actual === expected) return
  const reason = `content does not match digest: it is ${actual}`
  throw new RegistryError('DIGEST_INVALID', { digest: expected, reason })
}
