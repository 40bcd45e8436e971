import type { Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { type Manifest, parseStoredManifest } from '@berth/manifest'
import type { ManifestContents } from './manifest-contents.ts'

/**
 * What a stored manifest says, or `undefined` where its content is gone, or is of a kind that says nothing of others
 * (older software stored what would be refused today).
 *
 * @throws Error the content is damaged
 */
export async function findParsed(contents: ManifestContents, digest: Digest): Promise<Manifest | undefined> {
  const stored = await contents.find(digest)
  if (stored === undefined) return undefined
  try {
    return parseStoredManifest(stored.content)
  } catch (error) {
    if (error instanceof RegistryError || error instanceof AggregateError) return undefined
    throw error
  }
}
