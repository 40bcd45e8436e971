import type { ByteStream } from '@berth/bytes'
import type { Chunk } from '../blob-uploads.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Continuation } from './read-backs.ts'
import { ReceivedContent } from './received-content.ts'
import { separateShortTail, sizeOf } from './short-tail.ts'
import type { Standing, StoredUpload } from './stored-upload.ts'

export interface ReceiveOptions {
  /** Continues the hashes of the bytes before the chunk. Called once a byte has come. */
  readonly continueHashes: () => Promise<Continuation>
  /** Id of the next checkpoint. */
  readonly checkpointId: string
  readonly signal: AbortSignal | undefined
}

/** A chunk in parts that no checkpoint names yet. */
export interface ReceivedChunk {
  readonly from: Standing
  /** The checkpoint that would name the parts; `undefined` if no byte came. */
  readonly next: Checkpoint | undefined
  /** Bytes that came. */
  readonly size: number
  /** The content's error, if the client was cut off. */
  readonly cut: { readonly by: unknown } | undefined
}

/**
 * Receives a chunk into parts of its own. Short parts before it are written again, together with it.
 *
 * @throws RegistryError SIZE_INVALID, and what `continueHashes` throws
 * @throws StorageError PATH_NOT_FOUND: the upload ended, or another request has published a checkpoint
 */
export async function receiveChunk(
  upload: StoredUpload,
  standing: Standing,
  chunk: Chunk,
  { continueHashes, checkpointId, signal }: ReceiveOptions,
): Promise<ReceivedChunk> {
  const received = new ReceivedContent(chunk, signal)
  try {
    if (!(await received.begin())) return { from: standing, next: undefined, size: 0, cut: received.cut }
    const { standing: from, hashes } = await continueHashes()
    const { kept, tail } = separateShortTail(from.checkpoint.parts)
    const tailSize = sizeOf(tail)
    // The signal ends the content, not the write: what came is to be kept.
    const content = received.hashedInto(hashes)
    const parts = await upload.storage.append(
      upload.area,
      kept,
      tail.length === 0 ? content : concatenated(upload.storage.readParts(upload.area, tail), content),
      { size: chunk.size === undefined ? undefined : tailSize + chunk.size, share: chunk.share },
    )
    const { size, cut } = received
    const next = { id: checkpointId, size: from.checkpoint.size + size, parts, hashes: hashes.records() }
    return { from, next, size, cut }
  } finally {
    await received.release()
  }
}

async function* concatenated(...streams: readonly ByteStream[]): ByteStream {
  for (const stream of streams) yield* stream
}
