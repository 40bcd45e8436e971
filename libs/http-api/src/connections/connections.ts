import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server as SocketServer, type Socket } from 'node:net'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import type { RequestLogger, RequestMetrics } from '../observers.ts'
import type { HttpApiSettings } from '../settings.ts'
import type { RefusedByTls } from './tls.ts'
import { unreadable } from './unreadable.ts'

interface ConnectionsParts {
  readonly settings: Pick<HttpApiSettings, 'stallTimeoutMs' | 'lingerTimeoutMs' | 'headMaxSize'>
  readonly log: RequestLogger
  readonly metrics: Pick<RequestMetrics, 'refused'>
}

/** The connections of a server: which make no progress, which do not speak HTTP, and how all of them end. */
export class Connections {
  readonly #stallTimeoutMs: number
  readonly #lingerTimeoutMs: number
  readonly #headMaxSize: number
  readonly #log: RequestLogger
  readonly #metrics: Pick<RequestMetrics, 'refused'>
  /** Of each connection, the request that began last. */
  readonly #exchanges = new WeakMap<Duplex, RequestExchange>()
  /** Those that were told that they cannot be read. */
  readonly #turnedAway = new WeakSet<Duplex>()
  readonly #open = new Map<string | Socket, Socket>()
  #atWork = 0
  #closed: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor({ settings, log, metrics }: ConnectionsParts) {
    this.#stallTimeoutMs = settings.stallTimeoutMs
    this.#lingerTimeoutMs = settings.lingerTimeoutMs
    this.#headMaxSize = settings.headMaxSize
    this.#log = log
    this.#metrics = metrics
  }

  /** Whether each connection should end with the response that it has now. */
  get isClosing(): boolean {
    return this.#closed !== undefined
  }

  watch(server: Server): void {
    // Node counts a connection that has not sent anything yet as busy, so it is not asked which ones are idle.
    server.on('connection', (socket) => this.#track(socket))
    server.on('secureConnection', (socket: Socket) => this.#track(socket))
    server.setTimeout(this.#stallTimeoutMs, (socket) => this.#onStill(socket))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket))
  }

  /** A request is there. */
  began(exchange: RequestExchange): void {
    this.#atWork++
    this.#exchanges.set(exchange.request.socket, exchange)
  }

  /** All that was done for a request is done. */
  ended(): void {
    this.#atWork--
    if (this.#atWork === 0) this.#onIdle?.()
  }

  /** A response is out, or given up. When closing, its client may have been told before that the connection lives on. */
  answered({ request }: RequestExchange): void {
    if (this.isClosing) this.#linger(request.socket)
  }

  close(server: Server, drainTimeoutMs: number): Promise<void> {
    return (this.#closed ??= this.#drain(server, drainTimeoutMs))
  }

  async #drain(server: Server, drainTimeoutMs: number): Promise<void> {
    const { promise: idle, resolve } = Promise.withResolvers<void>()
    this.#onIdle = resolve
    // Node's own way is to end what is idle at once: each client whose next request is on its way is reset.
    const closed = new Promise<void>((done) => SocketServer.prototype.close.call(server, () => done()))
    const deadline = setTimeout(() => this.#closeAll(), drainTimeoutMs)
    for (const socket of this.#open.values()) this.#linger(socket)
    if (this.#atWork === 0) resolve()
    await Promise.all([closed, idle])
    clearTimeout(deadline)
    // Nothing is left to close but what Node checks its connections with.
    server.close()
  }

  /** TLS turned someone away. */
  refused({ isAboutCertificate, ...facts }: RefusedByTls): void {
    this.#metrics.refused(isAboutCertificate ? 'client certificate' : 'TLS')
    if (isAboutCertificate) {
      const { reason: detail, remoteAddress } = facts
      this.#log.warn({ reason: 'client certificate', detail, remoteAddress }, 'access denied')
    } else if (this.#log.isLevelEnabled('debug')) this.#log.debug(facts, 'TLS handshake failed')
  }

  #closeAll(): void {
    for (const socket of this.#open.values()) socket.destroy()
  }

  /** With TLS each connection comes twice: first as it is, and again when it is secure, from then on in that form. */
  #track(socket: Socket): void {
    const peer = peerOf(socket)
    this.#open.set(peer, socket)
    socket.once('close', () => {
      if (this.#open.get(peer) === socket) this.#open.delete(peer)
    })
    if (this.isClosing) this.#linger(socket)
  }

  /** Ends a connection on which nothing is asked for a while; what is asked before is answered, and its connection ends. */
  #linger(socket: Socket): void {
    const peer = peerOf(socket)
    const late = setTimeout(() => {
      if (this.#open.get(peer) === socket && this.#answering(socket) === undefined) socket.destroy()
    }, this.#lingerTimeoutMs)
    socket.once('close', () => clearTimeout(late))
  }

  /** The exchange that a connection is there for at this moment. */
  #answering(socket: Duplex): RequestExchange | undefined {
    const exchange = this.#exchanges.get(socket)
    return exchange === undefined || exchange.response.closed ? undefined : exchange
  }

  /** Nothing went by in either direction for a while. Whose fault is it? */
  #onStill(socket: Socket): void {
    const exchange = this.#answering(socket)
    const isServers = exchange !== undefined && !exchange.isReceiving && socket.writableLength === 0
    if (isServers) {
      socket.setTimeout(this.#stallTimeoutMs)
    } else {
      exchange?.note({ stalled: true })
      socket.destroy()
    }
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    // What still comes cannot be read either. It is dropped: to close at once would take the answer from the client.
    if (this.#turnedAway.has(socket)) return
    const isHalfAnswered = this.#answering(socket)?.response.headersSent === true
    if (error.code === 'ECONNRESET' || !socket.writable || isHalfAnswered) {
      socket.destroy()
      return
    }
    const { reason, answer } = unreadable(error, this.#headMaxSize)
    this.#metrics.refused(reason)
    this.#turnedAway.add(socket)
    socket.end(answer)
    setTimeout(() => socket.destroy(), 500).unref()
  }
}

function peerOf(socket: Socket): string | Socket {
  const { remoteAddress, remotePort } = socket
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`
}
