import type { AnswerBody } from './answer-body.ts'
import { type AnswerHead, parseAnswerHead } from './answer-head.ts'
import { type AnswerTarget, AnswerWriter } from './answer-writer.ts'
import { ServerFailure } from './server-failure.ts'

const maxHead = 64 * 1024
const nothing = Buffer.alloc(0)

/** The body of an answer on its way to a client. */
interface Passing {
  readonly body: AnswerBody
  readonly writer: AnswerWriter
  readonly end: PromiseWithResolvers<void>
}

/** The connection that is read from. */
export interface AnswerSource {
  /** Goes on reading, over what was read before. */
  readonly resume: () => void
  /** What was read is not to be borne. */
  readonly fail: (error: Error) => void
}

/** Takes what a server says apart, into the heads and bodies of its answers; each is asked for before it is read. */
export class AnswerReader {
  readonly #source: AnswerSource
  #reading: 'nothing' | 'head' | 'body' = 'nothing'
  /** What was received and not looked at yet; while there is any, nothing more is read. */
  #unread: Buffer = nothing
  #partOfHead = ''
  #head: PromiseWithResolvers<AnswerHead> | undefined
  #passing: Passing | undefined
  #isWaiting = false
  #hasBegun = false
  #isLast = false

  constructor(source: AnswerSource) {
    this.#source = source
  }

  get reading(): 'nothing' | 'head' | 'body' {
    return this.#reading
  }

  /** Whether what was read last is still being written to the client. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Whether anything came since the last request. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Whether another answer may follow. */
  get isAtEnd(): boolean {
    return this.#reading === 'nothing' && this.#unread.byteLength === 0 && !this.#isLast
  }

  /** So many bytes of a body are still to come, as far as that is known. */
  get expectedBytes(): number {
    return this.#passing?.body.expectedBytes ?? 0
  }

  /** A request is on its way. */
  begin(): void {
    this.#hasBegun = false
  }

  nextHead(): Promise<AnswerHead> {
    const head = Promise.withResolvers<AnswerHead>()
    this.#head = head
    this.#reading = 'head'
    this.#readOn()
    return head.promise
  }

  passBody(body: AnswerBody, target: AnswerTarget): Promise<void> {
    const end = Promise.withResolvers<void>()
    this.#passing = { body, writer: new AnswerWriter(target, () => this.#onWritten()), end }
    this.#reading = 'body'
    this.#readOn()
    return end.promise
  }

  /** @returns whether to read on, over these bytes; if not, `resume` is called when it is time */
  take(bytes: Buffer): boolean {
    try {
      switch (this.#reading) {
        case 'head':
          return this.#takeHead(bytes)
        case 'body':
          return this.#takeBody(bytes, this.#passing as Passing)
        case 'nothing':
          throw new ServerFailure('the server said what nobody asked for')
      }
    } catch (error) {
      this.#source.fail(error as Error)
      return false
    }
  }

  /** Tells whoever waits for anything that it will not come. */
  end(failure: Error): void {
    this.#reading = 'nothing'
    this.#passing?.end.reject(failure)
    this.#passing = undefined
    this.#head?.reject(failure)
  }

  /** Reads on, beginning with what is here already. */
  #readOn(): void {
    const unread = this.#unread
    this.#unread = nothing
    if (unread.byteLength === 0 || this.take(unread)) this.#source.resume()
  }

  #takeHead(bytes: Buffer): boolean {
    this.#hasBegun = true
    const before = this.#partOfHead
    const text = before + bytes.toString('latin1', 0, maxHead)
    const end = text.indexOf('\r\n\r\n', Math.max(before.length - 3, 0))
    if (end < 0 ? text.length >= maxHead : end >= maxHead) throw new ServerFailure('the head of an answer is too long')
    this.#partOfHead = end < 0 ? text : ''
    if (end < 0) return true
    const head = parseAnswerHead(text.slice(0, end))
    const rest = bytes.subarray(end + 4 - before.length)
    if (head.status === 101) throw new ServerFailure('the server would speak another protocol')
    const isHint = head.status < 200 && head.status !== 100
    if (isHint) return rest.byteLength === 0 || this.#takeHead(rest)
    this.#unread = rest
    this.#isLast = head.closes
    this.#reading = 'nothing'
    this.#head?.resolve(head)
    return false
  }

  #takeBody(bytes: Buffer, { body, writer }: Passing): boolean {
    const size = writer.write((write) => body.take(bytes, write))
    if (size < bytes.byteLength) this.#isLast = true
    this.#isWaiting = !writer.isIdle
    if (this.#isWaiting) return false
    if (body.isComplete) this.#endBody()
    return true
  }

  /** The client's connection has taken all that it was given. */
  #onWritten(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    if (this.#passing === undefined) return
    if (this.#passing.body.isComplete) this.#endBody()
    else this.#source.resume()
  }

  #endBody(): void {
    const passing = this.#passing
    this.#passing = undefined
    this.#reading = 'nothing'
    passing?.end.resolve()
  }
}
