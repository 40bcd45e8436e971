import type { Writable } from 'node:stream'
import type { ByteRange } from '@berth/bytes'
import { SendTarget, type StoragePath } from '@berth/storage'
import { type PooledBuffer, type SharedPool, smallBuffer } from './buffer-pool.ts'
import type { FileSystem } from './file-system.ts'
import { OpenFile } from './open-file.ts'

const firstBuffer = 64 * 1024
const largestBuffer = 512 * 1024
/** A buffer is what the target takes in about so long. */
const paceMs = 10
/** One that takes this much at a time is worth reading ahead for. */
const readAheadFrom = 128 * 1024

export interface Sending {
  readonly files: FileSystem
  readonly buffers: SharedPool
}

/**
 * Sends a range of a file, at the target's pace and with buffers to match: a fast target has two of half a mebibyte,
 * one being filled while the other is sent; a slow one has a single small one. So all buffers together are about what
 * the network takes in two paces, however many readers there are, and a smallest buffer for each that is stuck.
 *
 * Nobody waits for a buffer while holding one that is not on its way: only the smallest is ever waited for, and only
 * with empty hands; larger ones, and those to read ahead, are taken if they are free. A buffer is used again once the
 * target has called back for it, and never after a failure: the target may refer to it still.
 */
export async function sendFile(
  sending: Sending,
  file: string,
  path: StoragePath,
  range: ByteRange,
  writable: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  const open = await OpenFile.open(sending.files, file, path)
  try {
    if (range.start < 0 || range.end <= range.start || range.end - range.start > firstBuffer) await open.check(range)
    if (range.end === range.start) return
    const target = new SendTarget(writable, signal)
    try {
      await new FileSender(sending.buffers, open, range, target, signal).send()
    } finally {
      target.release()
    }
  } finally {
    open.close()
  }
}

/** Sends one range of an open file, and leaves the file open. */
export class FileSender {
  readonly #buffers: SharedPool
  readonly #open: OpenFile
  readonly #range: ByteRange
  readonly #target: SendTarget
  readonly #signal: AbortSignal | undefined
  /** Those that are out. What is left of them at the end is not used again. */
  readonly #held = new Set<PooledBuffer>()
  #position: number
  #wanted = firstBuffer

  constructor(
    buffers: SharedPool,
    open: OpenFile,
    range: ByteRange,
    target: SendTarget,
    signal: AbortSignal | undefined,
  ) {
    this.#buffers = buffers
    this.#open = open
    this.#range = range
    this.#target = target
    this.#signal = signal
    this.#position = range.start
  }

  async send(): Promise<void> {
    try {
      let current = await this.#takeBuffer()
      let chunk = await this.#fill(current)
      for (;;) {
        const ahead = this.#tryTakeAhead()
        const sent = this.#target.write(chunk)
        if (ahead === undefined) {
          this.#adapt(chunk.byteLength, await sent)
          this.#give(current)
          if (this.#remaining === 0) return
          current = await this.#takeBuffer()
          chunk = await this.#fill(current)
        } else {
          const [tookMs, next] = await bothOf(sent, this.#fill(ahead))
          this.#adapt(chunk.byteLength, tookMs)
          this.#give(current)
          current = ahead
          chunk = next
        }
      }
    } finally {
      for (const buffer of this.#held) this.#buffers.drop(buffer)
    }
  }

  get #remaining(): number {
    return this.#range.end - this.#position
  }

  async #takeBuffer(): Promise<PooledBuffer> {
    const size = Math.min(this.#wanted, roundedUp(this.#remaining))
    const buffer =
      this.#buffers.tryTake(size) ?? this.#buffers.tryTake(smallBuffer) ?? (await this.#buffers.take(this.#signal))
    this.#held.add(buffer)
    return buffer
  }

  #tryTakeAhead(): PooledBuffer | undefined {
    if (this.#wanted < readAheadFrom || this.#remaining === 0) return undefined
    const buffer = this.#buffers.tryTake(Math.min(this.#wanted, roundedUp(this.#remaining)))
    if (buffer !== undefined) this.#held.add(buffer)
    return buffer
  }

  #give(buffer: PooledBuffer): void {
    this.#held.delete(buffer)
    this.#buffers.give(buffer)
  }

  async #fill(buffer: PooledBuffer): Promise<Uint8Array> {
    const length = Math.min(buffer.bytes.byteLength, this.#remaining)
    const position = this.#position
    this.#position += length
    const count = await this.#open.read(buffer.bytes, length, position)
    if (count < length) {
      // A small range was not checked: then nothing has been sent yet.
      if (position === this.#range.start) await this.#open.check(this.#range)
      await this.#open.readFully(buffer.bytes.subarray(count), length - count, position + count)
    }
    return buffer.bytes.subarray(0, length)
  }

  #adapt(bytes: number, tookMs: number): void {
    const takenInPace = (bytes / Math.max(tookMs, 0.01)) * paceMs
    if (takenInPace >= this.#wanted * 2) this.#wanted = Math.min(this.#wanted * 2, largestBuffer)
    else while (this.#wanted > smallBuffer && takenInPace < this.#wanted) this.#wanted /= 2
  }
}

/** What both come to; a read that is under way is waited for in any case, since the file is closed after that. */
async function bothOf(sent: Promise<number>, filled: Promise<Uint8Array>): Promise<[number, Uint8Array]> {
  try {
    return await Promise.all([sent, filled])
  } catch (error) {
    await filled.catch(() => {})
    throw error
  }
}

/** The least size of a buffer for so many bytes: there are few sizes, so that buffers are used again. */
function roundedUp(bytes: number): number {
  let size = smallBuffer
  while (size < bytes && size < largestBuffer) size *= 2
  return size
}
