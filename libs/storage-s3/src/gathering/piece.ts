import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'

/** Bytes at hand, in the chunks that they came in. */
export interface Piece {
  readonly chunks: readonly Uint8Array[]
  /** Bytes. */
  readonly size: number
}

/** A piece as the body of a request: a stream, which is not copied or hashed again to be signed, and is made anew each time. */
export function bodyOf({ chunks, size }: Piece): { Body: Readable | Uint8Array; ContentLength: number } {
  const [only] = chunks
  if (only === undefined || chunks.length === 1) return { Body: only ?? new Uint8Array(), ContentLength: size }
  return { Body: Readable.from(chunks, { objectMode: false }), ContentLength: size }
}

/** The checksum that S3 asks for, so that the client need not read the body for it. */
export function checksumOf({ chunks }: Piece): string {
  let sum = 0
  for (const chunk of chunks) sum = crc32(chunk, sum)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(sum)
  return bytes.toString('base64')
}
