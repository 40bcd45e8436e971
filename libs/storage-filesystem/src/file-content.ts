import type { ByteRange, ByteShare, ByteStream } from '@berth/bytes'
import type { OpenFile } from './open-file.ts'

const chunkSize = 128 * 1024

/** Bytes that are there already, as a stream. */
export function contentOf(bytes: Uint8Array): ByteStream {
  let rest: Uint8Array | undefined = bytes.byteLength > 0 ? bytes : undefined
  const iterator: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => iterator,
    next() {
      const value = rest
      rest = undefined
      return Promise.resolve(value === undefined ? { done: true, value: undefined } : { done: false, value })
    },
    return() {
      rest = undefined
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return iterator
}

/**
 * A range of an open file, in chunks that are the consumer's to keep. Closes the file at its end, when the consumer
 * stops (even before it began), on failure, and when the signal is aborted. The budget counts one chunk: the
 * one that the consumer has in hand until it asks for the next.
 */
export class FileContent implements AsyncIterableIterator<Uint8Array> {
  readonly #file: OpenFile
  readonly #budget: ByteShare
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#close()
  #position: number
  readonly #end: number
  #taken = 0
  #isReading = false
  #isClosed = false

  /** @param range lies within the file */
  constructor(file: OpenFile, range: ByteRange, budget: ByteShare, signal?: AbortSignal) {
    this.#file = file
    this.#budget = budget
    this.#signal = signal
    this.#position = range.start
    this.#end = range.end
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#giveBack()
    this.#signal?.throwIfAborted()
    const length = Math.min(chunkSize, this.#end - this.#position)
    if (this.#isClosed || length === 0) return this.return()
    this.#isReading = true
    try {
      this.#taken = this.#budget.tryTake(length) ?? (await this.#budget.take(length, this.#signal))
      const chunk = Buffer.allocUnsafeSlow(length)
      await this.#file.readFully(chunk, length, this.#position)
      this.#signal?.throwIfAborted()
      this.#position += length
      return { done: false, value: chunk }
    } catch (error) {
      this.#isClosed = true
      throw error
    } finally {
      this.#isReading = false
      if (this.#isClosed) this.#release()
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#close()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** A descriptor that is being read is closed after that: its number may be another file's next. */
  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.#isReading) this.#release()
  }

  #release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#giveBack()
    this.#file.close()
  }

  #giveBack(): void {
    if (this.#taken > 0) this.#budget.give(this.#taken)
    this.#taken = 0
  }
}
