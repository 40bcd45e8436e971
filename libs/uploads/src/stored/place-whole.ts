import { type ByteStream, collect } from '@berth/bytes'
import { algorithmOf, checkDigest, type Digest } from '@berth/digest'
import { layout } from '@berth/storage'
import type { Chunk } from '../blob-uploads.ts'
import { NativeHash } from './content-hash.ts'
import { ReceivedContent } from './received-content.ts'
import type { StoredUpload } from './stored-upload.ts'

/** What is collected before it is stored: one write costs less than a stream of one chunk. */
const smallSize = 64 * 1024

/**
 * Puts an upload's only content straight to its place, and links it. The link is written as soon as the last byte is
 * verified, while the data is still on its way to the disk.
 *
 * @returns the blob's size in bytes
 * @throws RegistryError DIGEST_INVALID, SIZE_INVALID; the content's error. Nothing of it is visible then
 */
export async function placeWhole(
  upload: StoredUpload,
  digest: Digest,
  chunk: Chunk,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { storage, repository } = upload
  const received = new ReceivedContent(chunk, signal)
  let linked: Promise<void> | undefined
  async function* verified(): ByteStream {
    const hash = new NativeHash(algorithmOf(digest))
    yield* received.wholeInto(hash)
    checkDigest(hash.record().digest, digest)
    linked = storage.put(layout.layerLinkPath(repository, digest), layout.formatLink(digest))
    linked.catch(() => {})
  }
  try {
    const isSmall = chunk.size !== undefined && chunk.size <= smallSize
    const content = isSmall ? await collect(verified(), smallSize) : verified()
    const { size, share } = chunk
    await storage.put(layout.blobDataPath(digest), content, { share, ...(size !== undefined && { size }) })
    return received.size
  } finally {
    await received.release()
    await linked
  }
}
