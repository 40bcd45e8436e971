import type { Digest } from '@berth/digest'
import { parseStoredManifest } from '@berth/manifest'

/** The manifest that clients without a notion of platforms are meant to have: the first for linux on amd64. */
export function findDefaultPlatform(list: Uint8Array): Digest | undefined {
  const { references } = parseStoredManifest(list)
  return references.find(
    ({ descriptor: { platform } }) => platform?.os === 'linux' && platform.architecture === 'amd64',
  )?.descriptor.digest
}
