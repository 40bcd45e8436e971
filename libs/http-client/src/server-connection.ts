import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { AnswerBody } from './answer-body.ts'
import type { AnswerHead } from './answer-head.ts'
import { AnswerReader } from './answer-reader.ts'
import type { AnswerTarget } from './answer-writer.ts'
import { largeBufferSize, type LargeBuffers } from './large-buffers.ts'
import { ServerFailure } from './server-failure.ts'

/** What a read takes at most where no large body is expected. */
const smallBufferSize = 64 * 1024
/** Bytes of a request's body that wait for the server to take them. */
const maxUnsent = 256 * 1024

/** Time after which an idle TCP connection is probed, in milliseconds. */
const tcpKeepAliveMs = 30_000

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

export interface Patience {
  /** How long nothing may go by in the middle of a message. */
  readonly stallTimeoutMs: number
  /** How long the server may think about a request that it has. */
  readonly answerTimeoutMs: number
}

/** Where a connection leads, and what it may use. */
export interface ServerEnd {
  readonly address: ServerAddress
  /** Over TLS. `rejectUnauthorized: false` takes any certificate. */
  readonly tls?: { readonly rejectUnauthorized: boolean } | undefined
  readonly buffers: LargeBuffers
}

/**
 * A connection to a server: one request after the other, and the answer to each. The bytes of a body are read into a
 * buffer that is used again once the client's connection has taken them, and nothing is read before that.
 */
export class ServerConnection {
  readonly #socket: Socket
  readonly #answers: AnswerReader
  readonly #buffers: LargeBuffers
  readonly #small = Buffer.allocUnsafeSlow(smallBufferSize)
  #large: Buffer | undefined
  #drained: PromiseWithResolvers<void> | undefined
  #patience: Patience = { stallTimeoutMs: 0, answerTimeoutMs: 0 }
  #quietMs = 0
  #request: 'none' | 'asked' | 'in parts' | 'sent' = 'none'
  #isReused = false
  #failure: Error | undefined

  private constructor({ address, tls, buffers }: ServerEnd, onClose: (connection: ServerConnection) => void) {
    this.#buffers = buffers
    // Before the socket, which asks for a buffer as soon as it is made.
    this.#answers = new AnswerReader({ resume: () => this.#resume(), fail: (error) => this.#fail(error) })
    const onRead = (size: number, bytes: Uint8Array): boolean => {
      this.#quietMs = 0
      const buffer = bytes as Buffer
      return this.#answers.take(size === buffer.byteLength ? buffer : buffer.subarray(0, size))
    }
    const onread = { buffer: () => this.#bufferForNextRead(), callback: onRead }
    const options = { ...address, noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs, onread }
    this.#socket = tls === undefined ? connect(options) : connectTls({ ...options, ...secured(address, tls) })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('timeout', () => this.#onQuiet())
    this.#socket.on('drain', () => this.#onDrain())
    this.#socket.on('close', () => {
      this.#fail(new Error('the connection was closed'))
      if (this.#large !== undefined) buffers.forget()
      onClose(this)
    })
  }

  /**
   * @param onClose called once, whatever becomes of the connection
   * @throws ServerFailure nobody is there
   */
  static async open(
    end: ServerEnd,
    timeoutMs: number,
    onClose: (connection: ServerConnection) => void,
  ): Promise<ServerConnection> {
    const connection = new ServerConnection(end, onClose)
    const socket = connection.#socket
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => connection.#fail(new Error('nobody answered in time')), timeoutMs)
    socket.once(end.tls === undefined ? 'connect' : 'secureConnect', resolve)
    socket.once('close', () => reject(connection.#failure as Error))
    try {
      await promise
      return connection
    } catch (failure) {
      throw new ServerFailure('the server cannot be reached', { cause: (failure as Error).cause ?? failure })
    } finally {
      clearTimeout(timer)
    }
  }

  get isUsable(): boolean {
    return this.#failure === undefined
  }

  /** Whether another request may follow the last one. */
  get isReusable(): boolean {
    return this.isUsable && this.#request === 'sent' && this.#answers.isAtEnd
  }

  /** Keeps it open with nothing to do. */
  rest(maxMs: number): void {
    this.#isReused = true
    this.#request = 'none'
    this.#socket.setTimeout(maxMs)
    this.#socket.resume()
  }

  /** Sends the head of a request, and what there already is of its body. */
  begin(head: string, patience: Patience, body: readonly Uint8Array[] = []): void {
    this.#patience = patience
    this.#quietMs = 0
    this.#request = 'asked'
    this.#answers.begin()
    this.#socket.setTimeout(patience.stallTimeoutMs)
    if (body.length > 0) this.#socket.cork()
    this.#socket.write(head, 'latin1')
    for (const part of body) this.#socket.write(part)
    this.#socket.uncork()
  }

  /** Sends a part of the request's body. @returns what to wait for before the next, if anything */
  send(parts: readonly (string | Uint8Array)[]): Promise<void> | undefined {
    const socket = this.#socket
    if (!this.isUsable) return undefined
    this.#quietMs = 0
    this.#request = 'in parts'
    socket.cork()
    for (const part of parts) socket.write(part, 'latin1')
    socket.uncork()
    if (socket.writableLength < maxUnsent) return undefined
    this.#drained ??= Promise.withResolvers()
    return this.#drained.promise
  }

  /** All of the request is on its way. */
  sent(): void {
    this.#quietMs = 0
    this.#request = 'sent'
  }

  /** The head of the answer, or one that says to continue. @throws ServerFailure */
  nextHead(): Promise<AnswerHead> {
    const head = this.#answers.nextHead()
    if (this.#failure !== undefined) this.#answers.end(this.#failure)
    return head
  }

  /** Hands the answer's body to a client, at its pace. @throws ServerFailure it ends too early */
  passBody(body: AnswerBody, target: AnswerTarget): Promise<void> {
    const end = this.#answers.passBody(body, target)
    if (this.#failure !== undefined) this.#answers.end(this.#failure)
    return end
  }

  /** Nobody waits for the answer any more. What was written still goes to the server, and then the connection ends. */
  abandon(reason: Error): void {
    this.#settle(reason)
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Asked for by the socket after each read. */
  #bufferForNextRead(): Buffer {
    if (this.#large === undefined) {
      if (this.#answers.expectedBytes >= largeBufferSize) this.#large = this.#buffers.take()
    } else if (this.#answers.isAtEnd) {
      this.#buffers.give(this.#large)
      this.#large = undefined
    }
    return this.#large ?? this.#small
  }

  #resume(): void {
    this.#quietMs = 0
    this.#socket.resume()
  }

  #onDrain(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }

  /** Nothing went by for a while. Whose fault is it? */
  #onQuiet(): void {
    const { reading, isWaiting } = this.#answers
    const { stallTimeoutMs, answerTimeoutMs } = this.#patience
    if (reading === 'nothing' || !this.isUsable) return this.destroy()
    this.#quietMs += stallTimeoutMs
    // Bytes that it does not take, or does not send, or nothing to answer with: all else is for its client to end.
    const hasToTake = this.#socket.writableLength > 0
    const hasToSend = reading === 'body' ? !isWaiting : this.#request !== 'in parts'
    const maxMs = reading === 'head' && !hasToTake ? answerTimeoutMs : stallTimeoutMs
    if ((hasToTake || hasToSend) && this.#quietMs >= maxMs) this.#fail(new ServerFailure('the server stalled'))
    else this.#socket.setTimeout(stallTimeoutMs)
  }

  #fail(cause: Error): void {
    const isStale = this.#isReused && !this.#answers.hasBegun
    const failure =
      cause instanceof ServerFailure ? cause : new ServerFailure('the server went away', { isStale, cause })
    this.#settle(failure)
    this.#socket.destroy()
  }

  #settle(failure: Error): void {
    this.#failure ??= failure
    this.#answers.end(this.#failure)
    this.#onDrain()
  }
}

/** A name is said before the server says who it is; an address cannot be. */
function secured({ host }: ServerAddress, tls: { readonly rejectUnauthorized: boolean }) {
  return { ...tls, ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 && { servername: host }) }
}
