import { RegistryError } from '@berth/errors'

/**
 * Content on its way. One reader reads it to its end, or stops, and stopping releases the source. A chunk belongs to
 * whoever received it: its bytes are never written again. A stream that was cut off throws; it never just ends.
 */
export type ByteStream = AsyncIterable<Uint8Array>

/** Bytes `start` to `end` of some content; `end` is exclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Passes bytes through. @throws RegistryError SIZE_INVALID as soon as more than `limit` bytes have gone by */
export async function* limitBytes(source: ByteStream, limit: number): ByteStream {
  let seen = 0
  for await (const chunk of source) {
    seen += chunk.byteLength
    if (seen > limit) throw new RegistryError('SIZE_INVALID', { limit })
    yield chunk
  }
}

/**
 * Reads a stream to its end into one buffer.
 *
 * @throws RegistryError SIZE_INVALID: it has more than `limit` bytes
 */
export async function collect(source: ByteStream, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of limitBytes(source, limit)) chunks.push(chunk)
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
}

/** A stream of chunks that are already there. */
export async function* streamOf(...chunks: readonly Uint8Array[]): ByteStream {
  yield* chunks
}
