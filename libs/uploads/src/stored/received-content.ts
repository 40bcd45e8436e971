import type { ByteStream } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import type { Chunk } from '../blob-uploads.ts'

/** What the bytes are hashed into on their way. */
type HashSink = { update(bytes: Uint8Array): void }

/**
 * The content of one request on its way into storage, counted as it passes. What it hands out ends where the client was
 * cut off, so that what came is kept; `cut` tells then. Its owner releases it.
 */
export class ReceivedContent {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #announced: number | undefined
  readonly #least: number
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#abort?.(this.#signal?.reason)
  #abort: ((reason: unknown) => void) | undefined
  #first: Uint8Array | undefined
  #size = 0
  #isOver = false
  #isSourceOver = false
  #isWaiting = false
  #cut: { readonly by: unknown } | undefined

  constructor(chunk: Chunk, signal?: AbortSignal) {
    this.#source = chunk.content[Symbol.asyncIterator]()
    this.#announced = chunk.size
    this.#least = (chunk.size ?? 0) - (chunk.mayBeOneShorter === true ? 1 : 0)
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** The bytes that came so far. */
  get size(): number {
    return this.#size
  }

  /** Waits for the first bytes, which `hashedInto` will begin with. @returns whether any came */
  async begin(): Promise<boolean> {
    this.#first = await this.#next()
    return this.#first !== undefined
  }

  /**
   * The bytes, to their end or to where the client was cut off, each hashed before it is handed out.
   *
   * @throws RegistryError SIZE_INVALID: there are more, or at the end fewer, bytes than announced
   */
  async *hashedInto(hash: HashSink): ByteStream {
    for (let bytes = this.#first ?? (await this.#next()); bytes !== undefined; bytes = await this.#next()) {
      this.#first = undefined
      hash.update(bytes)
      yield bytes
    }
  }

  /** As `hashedInto`, for content that is to be kept whole or not at all. @throws what the source threw */
  async *wholeInto(hash: HashSink): ByteStream {
    yield* this.hashedInto(hash)
    if (this.#cut !== undefined) throw this.#cut.by
  }

  /** What the source threw, if it did: the client was cut off. */
  get cut(): { readonly by: unknown } | undefined {
    return this.#cut
  }

  /** Lets the source go, if it is not at its end. */
  async release(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#isOver = true
    if (this.#isSourceOver) return
    this.#isSourceOver = true
    const released = Promise.resolve(this.#source.return?.())
    released.catch(() => {})
    // A generator that waits for its client answers only after that, and the client may never send again.
    if (!this.#isWaiting) await released
  }

  async #next(): Promise<Uint8Array | undefined> {
    while (!this.#isOver) {
      const bytes = await this.#readSource()
      if (bytes === undefined) {
        this.#isOver = true
        if (this.#cut === undefined) this.#checkSize(this.#size < this.#least)
      } else if (bytes.byteLength > 0) {
        this.#size += bytes.byteLength
        this.#checkSize(this.#size > (this.#announced ?? Infinity))
        return bytes
      }
    }
    return undefined
  }

  async #readSource(): Promise<Uint8Array | undefined> {
    this.#isWaiting = true
    try {
      const step = await this.#step()
      this.#isWaiting = false
      this.#isSourceOver = step.done === true
      return step.done === true ? undefined : step.value
    } catch (error) {
      this.#cut = { by: error }
      this.#isSourceOver = this.#signal?.aborted !== true
      return undefined
    }
  }

  #step(): Promise<IteratorResult<Uint8Array, unknown>> {
    const signal = this.#signal
    if (signal === undefined) return this.#source.next()
    // A race with one promise for the whole content would keep something of every chunk until the end.
    return new Promise((resolve, reject) => {
      this.#abort = reject
      if (signal.aborted) reject(signal.reason)
      else this.#source.next().then(resolve, reject)
    })
  }

  #checkSize(isWrong: boolean): void {
    if (!isWrong) return
    throw new RegistryError('SIZE_INVALID', { announced: this.#announced ?? 0, received: this.#size })
  }
}
