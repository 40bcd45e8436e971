import { connect, type Socket } from 'node:net'
import type { AnswerBody } from './answer-body.ts'
import { type AnswerHead, parseAnswerHead } from './answer-head.ts'
import { type AnswerTarget, AnswerWriter } from './answer-writer.ts'
import { NodeFailure } from './node-failure.ts'

/** What a read takes at most. Four times as much makes a relayed byte no cheaper than this, as measured. */
const bufferSize = 64 * 1024
const maxHead = 64 * 1024
/** Bytes of a request's body that wait for the node to take them. */
const maxUnsent = 256 * 1024
const nothing = Buffer.alloc(0)

export interface NodeAddress {
  readonly host: string
  readonly port: number
}

export interface Patience {
  /** How long nothing may go by in the middle of a message. */
  readonly stallTimeoutMs: number
  /** How long the node may think about a request that it has. */
  readonly answerTimeoutMs: number
}

/** The body of an answer on its way to a client. */
interface Passing {
  readonly body: AnswerBody
  readonly writer: AnswerWriter
  readonly end: PromiseWithResolvers<void>
}

/**
 * A connection to a node: one request after the other, and the answer to each. The bytes of a body are read into a
 * buffer that is used again once the client's connection has taken them, and nothing is read before that.
 */
export class NodeConnection {
  readonly #socket: Socket
  /** Whether what was read last is still being written to the client. */
  #isWaiting = false

  #reading: 'nothing' | 'head' | 'body' = 'nothing'
  /** What was received and not looked at yet; while there is any, nothing more is read. */
  #unread: Buffer = nothing
  #partOfHead = ''
  #head: PromiseWithResolvers<AnswerHead> | undefined
  #passing: Passing | undefined
  #drained: PromiseWithResolvers<void> | undefined

  #isReused = false
  #isAnswered = false
  #isSent = true
  #isLast = false
  #failure: Error | undefined

  #patience: Patience = { stallTimeoutMs: 0, answerTimeoutMs: 0 }
  #isNodesTurn = false
  #quietMs = 0

  private constructor(address: NodeAddress, onClose: (connection: NodeConnection) => void) {
    const buffer = Buffer.allocUnsafeSlow(bufferSize)
    this.#socket = connect({
      ...address,
      noDelay: true,
      onread: { buffer, callback: (size) => this.#onRead(size === bufferSize ? buffer : buffer.subarray(0, size)) },
    })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('timeout', () => this.#onQuiet())
    this.#socket.on('drain', () => this.#onDrain())
    this.#socket.on('close', () => {
      this.#fail(new Error('the connection was closed'))
      onClose(this)
    })
  }

  /**
   * @param onClose called once, whatever becomes of it
   * @throws NodeFailure nobody is there
   */
  static async open(
    address: NodeAddress,
    timeoutMs: number,
    onClose: (connection: NodeConnection) => void,
  ): Promise<NodeConnection> {
    const connection = new NodeConnection(address, onClose)
    const socket = connection.#socket
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => connection.#fail(new Error('nobody answered in time')), timeoutMs)
    socket.once('connect', resolve)
    socket.once('close', () => reject(connection.#failure as Error))
    try {
      await promise
      return connection
    } catch (failure) {
      throw new NodeFailure('a blob node cannot be reached', { cause: (failure as Error).cause ?? failure })
    } finally {
      clearTimeout(timer)
    }
  }

  get isUsable(): boolean {
    return this.#failure === undefined
  }

  /** Whether another request may follow the last one. */
  get isReusable(): boolean {
    return (
      this.isUsable && this.#isSent && !this.#isLast && this.#reading === 'nothing' && this.#unread.byteLength === 0
    )
  }

  /** Keeps it open with nothing to do. */
  rest(maxMs: number): void {
    this.#isReused = true
    this.#isNodesTurn = false
    this.#socket.setTimeout(maxMs)
    this.#socket.resume()
  }

  /** Sends the head of a request. */
  begin(head: string, patience: Patience): void {
    this.#patience = patience
    this.#isAnswered = false
    this.#isSent = false
    this.#nodesTurn(true)
    this.#socket.setTimeout(patience.stallTimeoutMs)
    this.#socket.write(head, 'latin1')
  }

  /** Sends a part of the request's body. @returns what to wait for before the next, if anything */
  send(parts: readonly (string | Uint8Array)[]): Promise<void> | undefined {
    const socket = this.#socket
    if (!this.isUsable) return undefined
    this.#nodesTurn(false)
    socket.cork()
    for (const part of parts) socket.write(part, 'latin1')
    socket.uncork()
    if (socket.writableLength < maxUnsent) return undefined
    this.#drained ??= Promise.withResolvers()
    return this.#drained.promise
  }

  /** All of the request is on its way. */
  sent(): void {
    this.#isSent = true
    this.#nodesTurn(true)
  }

  /** The head of the answer, or one that says to continue. @throws NodeFailure */
  nextHead(): Promise<AnswerHead> {
    const head = Promise.withResolvers<AnswerHead>()
    this.#head = head
    this.#reading = 'head'
    if (this.#failure === undefined) this.#readOn()
    else this.#settle(this.#failure)
    return head.promise
  }

  /** Hands the answer's body to a client, at its pace. @throws NodeFailure it ends too early */
  passBody(body: AnswerBody, target: AnswerTarget): Promise<void> {
    const end = Promise.withResolvers<void>()
    this.#passing = { body, writer: new AnswerWriter(target, () => this.#onReader()), end }
    this.#reading = 'body'
    if (this.#failure === undefined) this.#readOn()
    else this.#settle(this.#failure)
    return end.promise
  }

  /** Nobody waits for the answer any more. What was written still goes to the node, and then the connection ends. */
  abandon(reason: Error): void {
    this.#failure ??= reason
    this.#settle(this.#failure)
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Reads on, beginning with what is here already. */
  #readOn(): void {
    const unread = this.#unread
    this.#unread = nothing
    if (unread.byteLength === 0 || this.#take(unread)) this.#socket.resume()
  }

  #onRead(bytes: Buffer): boolean {
    this.#quietMs = 0
    return this.#take(bytes)
  }

  /** @returns whether to read on, over these bytes */
  #take(bytes: Buffer): boolean {
    try {
      switch (this.#reading) {
        case 'head':
          return this.#takeHead(bytes)
        case 'body':
          return this.#takeBody(bytes, this.#passing as Passing)
        case 'nothing':
          throw new NodeFailure('a blob node said what nobody asked for')
      }
    } catch (error) {
      this.#fail(error as Error)
      return false
    }
  }

  #takeHead(bytes: Buffer): boolean {
    this.#isAnswered = true
    const before = this.#partOfHead
    const text = before + bytes.toString('latin1', 0, maxHead)
    const end = text.indexOf('\r\n\r\n', Math.max(before.length - 3, 0))
    if (end < 0) {
      if (text.length >= maxHead) throw new NodeFailure('the head of the answer of a blob node is too long')
      this.#partOfHead = text
      return true
    }
    this.#partOfHead = ''
    this.#unread = bytes.subarray(end + 4 - before.length)
    const head = parseAnswerHead(text.slice(0, end))
    if (head.status === 101) throw new NodeFailure('a blob node would speak another protocol')
    if (head.status < 200 && head.status !== 100) return this.#skipHead()
    this.#isLast = head.closes
    this.#reading = 'nothing'
    this.#head?.resolve(head)
    return false
  }

  /** After one that says nothing of importance. */
  #skipHead(): boolean {
    const unread = this.#unread
    this.#unread = nothing
    return unread.byteLength === 0 || this.#takeHead(unread)
  }

  #takeBody(bytes: Buffer, { body, writer }: Passing): boolean {
    const size = writer.write((write) => body.take(bytes, write))
    if (size < bytes.byteLength) this.#isLast = true
    if (!writer.isIdle) {
      this.#isWaiting = true
      this.#nodesTurn(false)
      return false
    }
    if (body.isComplete) this.#endBody()
    return true
  }

  /** The client's connection has taken all that it was given. */
  #onReader(): void {
    if (!this.#isWaiting || this.#passing === undefined) return
    this.#isWaiting = false
    if (this.#passing.body.isComplete) this.#endBody()
    else {
      this.#nodesTurn(true)
      this.#socket.resume()
    }
  }

  #endBody(): void {
    const passing = this.#passing
    this.#passing = undefined
    this.#reading = 'nothing'
    passing?.end.resolve()
  }

  #onDrain(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }

  #nodesTurn(isNodesTurn: boolean): void {
    this.#isNodesTurn = isNodesTurn
    this.#quietMs = 0
  }

  /** Nothing went by for a while. Whose fault is it? */
  #onQuiet(): void {
    const { stallTimeoutMs, answerTimeoutMs } = this.#patience
    if (this.#reading === 'nothing' || !this.isUsable) return this.destroy()
    this.#quietMs += stallTimeoutMs
    const maxMs = this.#reading === 'head' && this.#isNodesTurn ? answerTimeoutMs : stallTimeoutMs
    const isNodes = this.#isNodesTurn || this.#socket.writableLength > 0
    if (isNodes && this.#quietMs >= maxMs) this.#fail(new NodeFailure('a blob node stalled'))
    else this.#socket.setTimeout(stallTimeoutMs)
  }

  #fail(cause: Error): void {
    const isStale = this.#isReused && !this.#isAnswered
    this.#failure ??=
      cause instanceof NodeFailure ? cause : new NodeFailure('a blob node went away', { isStale, cause })
    this.#settle(this.#failure)
    this.#socket.destroy()
  }

  /** Tells whoever waits for anything that it will not come. */
  #settle(failure: Error): void {
    this.#reading = 'nothing'
    this.#passing?.end.reject(failure)
    this.#passing = undefined
    this.#head?.reject(failure)
    this.#onDrain()
  }
}
