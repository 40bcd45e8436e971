import type { ByteRange, ByteStream } from '@berth/bytes'
import type { BodySink } from '@berth/http-client'
import { ChunkQueue } from './chunk-queue.ts'
import { collectChecked, type ObjectAnswer } from '../requests/object-answer.ts'
import type { RememberedObject, RememberedObjects } from '../objects/remembered-objects.ts'
import type { Store } from '../requests/store.ts'
import { StoreError } from '../requests/store-fault.ts'

/** So often in a row a connection may be cut without a byte having come. */
const maxFruitless = 5
/** What is no longer is read at once, in the attempt that asks for it. */
const mostAtOnce = 64 * 1024

/** Where content is, and what it must be. */
export interface ObjectSource {
  readonly store: Store
  readonly key: string
  readonly signal: AbortSignal | undefined
  /** What need not be sent again. */
  readonly seen?: RememberedObjects
}

interface Answer {
  /** Where it is short. */
  readonly bytes: Buffer | undefined
  readonly answer: ObjectAnswer
  /** Of the object, bytes. */
  readonly size: number
  readonly range: ByteRange
  readonly tag: string
  /** Its content was not sent. */
  readonly isSeen: boolean
}

/** An object whose content is asked for. It is to be read by one reader, passed on, or closed. */
export class OpenedObject {
  /** Of the whole object, bytes. */
  readonly size: number
  readonly tag: string
  /** Of its bytes, those that were asked for and are there. */
  readonly range: ByteRange
  readonly #source: ObjectSource
  #answer: Answer
  #position: number
  #closed: { readonly reason: Error } | undefined

  private constructor(source: ObjectSource, answer: Answer) {
    this.size = answer.size
    this.tag = answer.tag
    this.range = answer.range
    this.#source = source
    this.#answer = answer
    this.#position = answer.range.start
  }

  /**
   * @param range not empty; what lies behind the object's end is left out
   * @throws StoreError that says 404: nothing is there; 416: all of the range lies behind the end
   */
  static async open(source: ObjectSource, range: ByteRange | undefined): Promise<OpenedObject> {
    return new OpenedObject(source, await ask(source, range))
  }

  /**
   * Hands the content to `sink`, at its pace; continued where the store cuts it off, as long as the object is the same.
   *
   * @returns when nothing refers to what was handed over, but for what is the sink's to keep
   * @throws StoreError
   */
  async passTo(sink: BodySink): Promise<void> {
    const { store, signal } = this.#source
    const { end } = this.range
    for (let fruitless = 0; this.#position < end;) {
      const before = this.#position
      try {
        await this.#passAnswer(sink)
        if (this.#position < end) throw new Error('the content was cut short')
      } catch (error) {
        signal?.throwIfAborted()
        this.#throwIfClosed()
        if (this.#position >= end) throw error
        if (this.#position > before) fruitless = 0
        if (fruitless >= maxFruitless) throw new StoreError('GetObject', error)
        store.observer.retried('GetObject')
        await store.pause(store.pauseMs(fruitless), signal)
        fruitless += 1
        this.#answer = await ask(this.#source, { start: this.#position, end }, this.tag)
        this.#throwIfClosed()
      }
    }
  }

  /** Reads the content at the reader's pace. */
  content(): ByteStream {
    const { bytes } = this.#answer
    if (bytes === undefined) return new ChunkQueue(this)
    this.#told(bytes.byteLength)
    return once(bytes)
  }

  /** Does without the content. */
  close(reason: Error): void {
    this.#closed ??= { reason }
    this.#answer.answer.abandon(reason)
  }

  #throwIfClosed(): void {
    if (this.#closed === undefined) return
    this.#answer.answer.abandon(this.#closed.reason)
    throw this.#closed.reason
  }

  async #passAnswer(sink: BodySink): Promise<void> {
    const { bytes, answer } = this.#answer
    if (bytes === undefined) return answer.pass({ sink, onWrite: (size) => this.#told(size) })
    this.#told(bytes.byteLength)
    await written(sink, bytes, this.#source.signal)
  }

  #told(bytes: number): void {
    this.#position += bytes
    if (this.#answer.isSeen) return
    this.#source.store.observer.transferred('GetObject', bytes)
  }
}

async function* once(bytes: Buffer): ByteStream {
  if (bytes.byteLength > 0) yield bytes
}

/** Waits until the sink has done with the bytes, or nobody waits any more. */
function written(sink: BodySink, bytes: Buffer, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error)
    signal?.addEventListener('abort', onAbort)
    sink.write(bytes, (error) => {
      signal?.removeEventListener('abort', onAbort)
      if (error) reject(error)
      else resolve()
    })
  })
}

async function ask({ store, key, signal, seen }: ObjectSource, range?: ByteRange, tag?: string): Promise<Answer> {
  const known = range === undefined ? seen?.find(key) : undefined
  const asked = await store.send(
    'GetObject',
    async ({ direct, options }) => {
      const request = { method: 'GET', key, range, tag, knownTag: known?.tag } as const
      const answer = await direct.ask(request, options.abortSignal)
      try {
        return known !== undefined && answer.status === 304 ? await recall(answer, known) : await read(answer, range)
      } catch (error) {
        answer.abandon(error as Error)
        throw error
      }
    },
    signal,
  )
  if (range === undefined && !asked.isSeen && asked.bytes !== undefined) seen?.keep(key, asked.tag, asked.bytes)
  return asked
}

async function recall(answer: ObjectAnswer, { tag, bytes }: RememberedObject): Promise<Answer> {
  await answer.collect(0)
  const size = bytes.byteLength
  return { answer, bytes: Buffer.from(bytes), size, range: { start: 0, end: size }, tag, isSeen: true }
}

async function read(answer: ObjectAnswer, asked: ByteRange | undefined): Promise<Answer> {
  const length = answer.contentLength
  if (length === undefined) throw new Error('the answer does not say how long it is')
  const [, from, of] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.header('content-range') ?? '') ?? []
  const start = Number(from ?? 0)
  const size = Number(of ?? length)
  if (asked !== undefined && start !== asked.start) throw new Error('the answer is not of the range that was asked for')
  return {
    answer,
    bytes: length <= mostAtOnce ? await collectChecked(answer, length) : undefined,
    size,
    range: { start, end: start + length },
    tag: answer.header('etag') ?? '',
    isSeen: false,
  }
}
