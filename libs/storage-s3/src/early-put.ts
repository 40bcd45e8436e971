import type { ByteStream } from '@berth/bytes'
import type { ObjectHeaders } from './object-headers.ts'
import type { PieceContent } from './piece-content.ts'
import { putArriving } from './put-object.ts'
import type { Store } from './store.ts'

/** A client is fast enough that sends a long piece's first blocks in so long. */
const soonMs = 250
/** And all of it in so long. */
const wholeMs = 5000
/** Puts at a time: each holds a connection to the store for as long as its client sends. */
const mostAtOnce = 32

export interface EarlyPutsOptions {
  readonly store: Store
  readonly headers: ObjectHeaders
  /** Where the store is to have a checksum, all must be there first. */
  readonly checksums: boolean
}

/** Sends the content; `undefined` where it is not to be sent early. */
type Begin = (content: ByteStream, signal: AbortSignal) => Promise<void> | undefined

/**
 * Puts objects while their content still comes, from clients that are fast. It is a try: whoever sends keeps all of it,
 * and puts it again, whole, where this fails.
 */
export class EarlyPuts {
  readonly #options: EarlyPutsOptions
  #running = 0

  constructor(options: EarlyPutsOptions) {
    this.#options = options
  }

  /** @param size that the object is to have, bytes */
  expect(key: string, size: number): EarlyPut {
    return new EarlyPut(size, (content, signal) => this.#begin(key, size, content, signal))
  }

  #begin(key: string, size: number, content: ByteStream, signal: AbortSignal): Promise<void> | undefined {
    const { store, headers, checksums } = this.#options
    if (checksums || this.#running === mostAtOnce) return undefined
    this.#running += 1
    const sent = store.sendOnce(
      'PutObject',
      (attempt) => putArriving(attempt, { key, headers, size, arriving: content }),
      signal,
    )
    return sent
      .then(() => store.observer.transferred('PutObject', size))
      .finally(() => {
        this.#running -= 1
      })
  }
}

/** One object that is put as it comes. Ends with `isDone` or `giveUp`. */
export class EarlyPut {
  readonly #size: number
  readonly #begin: Begin
  readonly #abort = new AbortController()
  #content: PieceContent | undefined
  #firstMs = 0
  #isTried = false
  #done: Promise<boolean> | undefined
  #grown = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined

  constructor(size: number, begin: Begin) {
    this.#size = size
    this.#begin = begin
  }

  /** Whether the store was told of it. */
  get isBegun(): boolean {
    return this.#done !== undefined
  }

  /** To be told whenever there is more of the piece. */
  readonly onGrown = (content: PieceContent): void => {
    if (this.#content === undefined) this.#firstMs = performance.now()
    this.#content = content
    if (!this.#isTried && content.isInBlocks) this.#try(content)
    this.#wake()
  }

  /** All has come that will. @returns whether the store has it */
  async isDone(): Promise<boolean> {
    if (this.#content?.size !== this.#size) this.giveUp()
    clearTimeout(this.#timer)
    return (await this.#done) === true
  }

  giveUp(): void {
    clearTimeout(this.#timer)
    this.#abort.abort(new Error('the content did not come in time'))
    this.#wake()
  }

  #try(content: PieceContent): void {
    this.#isTried = true
    if (performance.now() - this.#firstMs > soonMs) return
    const sent = this.#begin(this.#arriving(content), this.#abort.signal)
    if (sent === undefined) return
    this.#timer = setTimeout(() => this.giveUp(), wholeMs)
    this.#done = sent.then(
      () => true,
      () => false,
    )
  }

  async *#arriving({ chunks }: PieceContent): ByteStream {
    let [index, at, left] = [0, 0, this.#size]
    while (left > 0 && !this.#abort.signal.aborted) {
      const chunk = chunks[index]
      if (chunk !== undefined && at < chunk.byteLength) {
        yield chunk.subarray(at)
        left -= chunk.byteLength - at
        at = chunk.byteLength
      } else if (index + 1 < chunks.length) [index, at] = [index + 1, 0]
      else await this.#grown.promise
    }
  }

  #wake(): void {
    this.#grown.resolve()
    this.#grown = Promise.withResolvers()
  }
}
