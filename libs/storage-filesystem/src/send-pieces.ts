import type { Writable } from 'node:stream'
import { SendTarget, type SendPiece, type StoragePath } from '@berth/storage'
import { type PooledBuffer, type SharedPool, smallBuffer } from './buffer-pool.ts'
import { OpenFile } from './open-file.ts'
import { FileSender, type Sending } from './send-file.ts'

/** Size of the buffer in which short pieces are gathered, in bytes, if one of that size is free. */
const gatherSize = 64 * 1024

/**
 * Sends several ranges of a file, with bytes before, between and after them. The file is opened once. Short pieces are
 * gathered in a buffer and written together; a range that is longer than the buffer is sent as `sendFile` does.
 */
export async function sendPieces(
  sending: Sending,
  file: string,
  path: StoragePath,
  pieces: readonly SendPiece[],
  writable: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  const open = await OpenFile.open(sending.files, file, path)
  try {
    for (const piece of pieces) if (!(piece instanceof Uint8Array)) await open.check(piece)
    const target = new SendTarget(writable, signal)
    const gathered = new GatheredPieces(sending.buffers, target, signal)
    try {
      for (const piece of pieces) {
        if (piece instanceof Uint8Array) {
          await gathered.add(piece.byteLength, (buffer) => buffer.set(piece))
        } else if (piece.end - piece.start <= smallBuffer) {
          const length = piece.end - piece.start
          await gathered.add(length, (buffer) => open.readFully(buffer, length, piece.start))
        } else {
          // The sender waits for a buffer, and that is done with empty hands.
          await gathered.flush()
          await new FileSender(sending.buffers, open, piece, target, signal).send()
        }
      }
      await gathered.flush()
    } finally {
      gathered.release()
      target.release()
    }
  } finally {
    open.close()
  }
}

/** Short pieces on their way to a target. */
class GatheredPieces {
  readonly #buffers: SharedPool
  readonly #target: SendTarget
  readonly #signal: AbortSignal | undefined
  #buffer: PooledBuffer | undefined
  #size = 0

  constructor(buffers: SharedPool, target: SendTarget, signal: AbortSignal | undefined) {
    this.#buffers = buffers
    this.#target = target
    this.#signal = signal
  }

  /**
   * @param length no more than a small buffer has
   * @param fill puts that many bytes at the beginning of what it is given
   */
  async add(length: number, fill: (buffer: Buffer) => Promise<void> | void): Promise<void> {
    if (this.#buffer !== undefined && this.#size + length > this.#buffer.bytes.byteLength) await this.flush()
    this.#buffer ??=
      this.#buffers.tryTake(gatherSize) ??
      this.#buffers.tryTake(smallBuffer) ??
      (await this.#buffers.take(this.#signal))
    await fill(this.#buffer.bytes.subarray(this.#size))
    this.#size += length
  }

  /** Sends what was gathered. */
  async flush(): Promise<void> {
    if (this.#buffer === undefined) return
    await this.#target.write(this.#buffer.bytes.subarray(0, this.#size))
    this.#buffers.give(this.#buffer)
    this.#buffer = undefined
    this.#size = 0
  }

  /** Gives up what was not sent. The target may still refer to it, so its memory is not used again. */
  release(): void {
    if (this.#buffer !== undefined) this.#buffers.drop(this.#buffer)
    this.#buffer = undefined
  }
}
