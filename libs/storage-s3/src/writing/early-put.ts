import type { ByteStream } from '@berth/bytes'
import type { ObjectHeaders } from '../objects/object-headers.ts'
import type { PieceBytes } from '../gathering/piece-bytes.ts'
import type { PieceContent } from '../gathering/piece-content.ts'
import { putArriving } from '../objects/put-object.ts'
import { leastPart } from '../s3-settings.ts'
import type { Store } from '../requests/store.ts'

/** A client is fast enough that sends a long piece's first blocks in so long. */
const soonMs = 250
/** And all of it in so long. */
const wholeMs = 5000
/** Each holds a connection to the store for as long as its client sends. */
const mostEarlyPuts = 32
/** So long nothing is tried after the store did not take one. */
const restMs = 5000

export interface EarlyPutsOptions {
  readonly store: Store
  readonly headers: ObjectHeaders
  /** Where the store is to have a checksum, all must be there first. */
  readonly checksums: boolean
}

interface EarlyPutOptions {
  /** That the object is to have, bytes. */
  readonly size: number
  readonly mayBegin: () => boolean
  readonly send: (content: ByteStream, signal: AbortSignal) => Promise<void>
}

/**
 * Puts objects while their content still comes, from clients that are fast. It is a try: whoever sends keeps all of it,
 * and puts it again, whole, where this fails.
 */
export class EarlyPuts {
  readonly #options: EarlyPutsOptions
  #running = 0
  #restsUntilMs = -Infinity

  constructor(options: EarlyPutsOptions) {
    this.#options = options
  }

  /** @param size that the object is to have, bytes; of what is too short to be a part nothing is sent early */
  expect(key: string, size: number): EarlyPut {
    const { store, checksums } = this.#options
    return new EarlyPut({
      size,
      mayBegin: () => {
        if (checksums || size < leastPart || this.#running === mostEarlyPuts) return false
        return !store.isCircuitOpen && performance.now() >= this.#restsUntilMs
      },
      send: (content, signal) => this.#send(key, size, content, signal),
    })
  }

  async #send(key: string, size: number, arriving: ByteStream, signal: AbortSignal): Promise<void> {
    const { store, headers } = this.#options
    this.#running += 1
    try {
      await store.sendOnce('PutObject', (attempt) => putArriving(attempt, { key, headers, size, arriving }), signal)
      store.observer.transferred('PutObject', size)
    } catch (error) {
      signal.throwIfAborted()
      this.#restsUntilMs = performance.now() + restMs
      await store.pause(store.pauseMs(0))
      throw error
    } finally {
      this.#running -= 1
    }
  }
}

/** One object that is put as it comes. Ends with `isDone` or `giveUp`. */
export class EarlyPut {
  readonly #options: EarlyPutOptions
  readonly #abort = new AbortController()
  #content: PieceContent | undefined
  #firstMs = 0
  #isTried = false
  #done: Promise<boolean> | undefined
  #grown = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: EarlyPutOptions) {
    this.#options = options
  }

  /** Whether the store may have been told of it. */
  get isBegun(): boolean {
    return this.#done !== undefined
  }

  /** To be told whenever there is more of the piece. */
  readonly onGrown = (content: PieceContent, bytes: PieceBytes): void => {
    if (this.#content === undefined) this.#firstMs = performance.now()
    this.#content = content
    if (!this.#isTried && content.isInBlocks) this.#try(content, bytes)
    this.#wake()
  }

  /** All has come that will. @returns whether the store has it */
  async isDone(): Promise<boolean> {
    const isWhole = this.#content?.size === this.#options.size
    if (!isWhole) this.giveUp()
    clearTimeout(this.#timer)
    return (await this.#done) === true && isWhole
  }

  giveUp(): void {
    clearTimeout(this.#timer)
    this.#abort.abort(new Error('the content did not come in time'))
    this.#wake()
  }

  #try(content: PieceContent, bytes: PieceBytes): void {
    this.#isTried = true
    const { size, mayBegin, send } = this.#options
    if (performance.now() - this.#firstMs > soonMs || !mayBegin()) return
    // Or it might be handed out before it is whole, as others are short of buffers.
    if (!bytes.reserve(size)) return
    this.#done = send(this.#arriving(content), this.#abort.signal).then(
      () => true,
      () => false,
    )
    this.#timer = setTimeout(() => {
      this.giveUp()
      bytes.giveUnused()
    }, wholeMs)
  }

  async *#arriving({ chunks }: PieceContent): ByteStream {
    let [index, at, left] = [0, 0, this.#options.size]
    while (left > 0 && !this.#abort.signal.aborted) {
      const chunk = chunks[index]
      if (chunk !== undefined && at < chunk.byteLength) {
        const part = chunk.subarray(at, at + left)
        yield part
        left -= part.byteLength
        at += part.byteLength
      } else if (index + 1 < chunks.length) [index, at] = [index + 1, 0]
      else await this.#grown.promise
    }
  }

  #wake(): void {
    this.#grown.resolve()
    this.#grown = Promise.withResolvers()
  }
}
