import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server as SocketServer, type Socket } from 'node:net'
import { DenialSample } from '@berth/access'
import { peerAddress } from '../client/addresses.ts'
import { trustedPeers } from '../client/trusted-proxies.ts'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import type { RequestLogger, RequestMetrics } from '../observers.ts'
import type { HttpApiSettings } from '../settings.ts'
import { Connection } from './connection.ts'
import { ConnectionLimits, connectionsFor } from './connection-limits.ts'
import { openFilesLimit } from './open-files.ts'
import type { RefusedByTls } from './tls.ts'
import { unreadable } from './unreadable.ts'
import { WaitingRequests } from './waiting-requests.ts'

interface ConnectionsParts {
  readonly settings: Pick<
    HttpApiSettings,
    | 'stallTimeoutMs'
    | 'lingerTimeoutMs'
    | 'headMaxSize'
    | 'headTimeoutMs'
    | 'maxConnections'
    | 'maxConnectionsOfNetwork'
    | 'trustedProxies'
  >
  readonly log: RequestLogger
  readonly metrics: Pick<RequestMetrics, 'refused'>
  /** Serves one request; it calls `began`, `answered` and `ended`. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void
}

/** The connections of a server: whose turn it is on each, which make no progress, which do not speak HTTP, and how they end. */
export class Connections {
  readonly #stallTimeoutMs: number
  readonly #lingerTimeoutMs: number
  readonly #headMaxSize: number
  readonly #headTimeoutMs: number
  readonly #log: RequestLogger
  readonly #metrics: Pick<RequestMetrics, 'refused'>
  readonly #serve: ConnectionsParts['serve']
  /** By socket, the connections on which a request came. */
  readonly #connections = new WeakMap<Duplex, Connection>()
  readonly #waiting = new WaitingRequests()
  /** The sockets that were answered, or will be, that their requests cannot be read. */
  readonly #turnedAway = new WeakSet<Duplex>()
  readonly #limits: ConnectionLimits<Socket>
  readonly #open = new Map<string | Socket, Socket>()
  /** Chooses which of the connections that were closed are logged. */
  readonly #sample = new DenialSample()
  #atWork = 0
  #closed: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor({ settings, log, metrics, serve }: ConnectionsParts) {
    this.#stallTimeoutMs = settings.stallTimeoutMs
    this.#lingerTimeoutMs = settings.lingerTimeoutMs
    this.#headMaxSize = settings.headMaxSize
    this.#headTimeoutMs = settings.headTimeoutMs
    this.#log = log
    this.#metrics = metrics
    this.#serve = serve
    const { maxConnections = connectionsFor(openFilesLimit()) } = settings
    const { maxConnectionsOfNetwork: maxOfNetwork = Math.ceil(maxConnections / 2) } = settings
    this.#limits = new ConnectionLimits({
      maxConnections,
      maxOfNetwork,
      isShared: trustedPeers(settings.trustedProxies),
      closeIdle: (socket) => this.#closeIdle(socket),
    })
  }

  /** Whether each connection should end with the response that it has now. */
  get isClosing(): boolean {
    return this.#closed !== undefined
  }

  watch(server: Server): void {
    // Node counts a connection that has not sent anything yet as busy, so it is not asked which ones are idle.
    server.on('connection', (socket) => this.#admit(socket))
    server.on('secureConnection', (socket: Socket) => this.#track(socket))
    server.setTimeout(this.#stallTimeoutMs, (socket) => this.#onStill(socket))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket))
  }

  /** Serves a request that was parsed, when all before it on its connection are over. */
  arrived(request: IncomingMessage, response: ServerResponse): void {
    this.#of(request.socket).arrived(request, response)
  }

  /** The work for a request begins. */
  began(exchange: RequestExchange): void {
    this.#atWork++
    this.#of(exchange.request.socket).began(exchange)
  }

  /** All work for a request has ended. */
  ended({ request }: RequestExchange): void {
    this.#of(request.socket).partEnded()
    this.#atWork--
    if (this.#atWork === 0) this.#onIdle?.()
  }

  /** A response is out, or given up. When closing, its client may have been told before that the connection lives on. */
  answered({ request }: RequestExchange): void {
    if (this.isClosing) this.#linger(request.socket)
    this.#of(request.socket).partEnded()
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

  #of(socket: Socket): Connection {
    const known = this.#connections.get(socket)
    if (known !== undefined) return known
    const { remoteAddress } = socket
    const made = new Connection(socket, {
      serve: this.#serve,
      waiting: this.#waiting,
      onCutOff: () => {
        this.#metrics.refused('pipelined too much')
        this.#warn(peerAddress(remoteAddress), 'connection closed: too many pipelined requests')
      },
    })
    this.#connections.set(socket, made)
    return made
  }

  #warn(remoteAddress: string, message: string): void {
    const untold = this.#sample.take(remoteAddress)
    if (untold !== undefined) this.#log.warn({ remoteAddress, ...(untold > 0 && { untold }) }, message)
  }

  #closeAll(): void {
    for (const socket of this.#open.values()) socket.destroy()
  }

  #admit(socket: Socket): void {
    const address = peerAddress(socket.remoteAddress)
    if (!this.#limits.admit(socket, address)) {
      this.#metrics.refused('too many connections')
      this.#warn(address, 'connection refused: too many connections')
      socket.destroy()
      return
    }
    socket.once('close', () => this.#limits.release(socket, address))
    this.#track(socket)
  }

  #closeIdle(accepted: Socket): boolean {
    const socket = this.#open.get(peerOf(accepted)) ?? accepted
    if (!this.#isIdle(socket)) return false
    this.#metrics.refused('too many connections')
    socket.destroy()
    return true
  }

  /** With TLS each connection comes twice: first as it is, and again when it is secure, from then on in that form. */
  #track(socket: Socket): void {
    const peer = peerOf(socket)
    this.#open.set(peer, socket)
    socket.once('close', () => {
      if (this.#open.get(peer) === socket) this.#open.delete(peer)
      this.#connections.get(socket)?.closed()
    })
    if (this.isClosing) this.#linger(socket)
  }

  /** Ends a connection on which nothing is asked for a while; what is asked before is answered, and its connection ends. */
  #linger(socket: Socket): void {
    const peer = peerOf(socket)
    const late = setTimeout(() => {
      if (this.#open.get(peer) === socket && this.#isIdle(socket)) socket.destroy()
    }, this.#lingerTimeoutMs)
    socket.once('close', () => clearTimeout(late))
  }

  /** The exchange that a connection is there for at this moment. */
  #answering(socket: Duplex): RequestExchange | undefined {
    const exchange = this.#connections.get(socket)?.exchange
    return exchange === undefined || exchange.response.closed ? undefined : exchange
  }

  #isIdle(socket: Socket): boolean {
    return this.#connections.get(socket)?.isIdle ?? true
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
    const connection = this.#connections.get(socket)
    const exchange = this.#answering(socket)
    // The request that is being served is itself what cannot be read; its body is.
    const isOfExchange = exchange?.request.complete === false
    if (error.code === 'ECONNRESET' || !socket.writable || (isOfExchange && exchange.response.headersSent)) {
      socket.destroy()
    } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && connection?.isPaused === true) {
      connection.restartHeadTimer(this.#headTimeoutMs, () => this.#onClientError(error, socket))
    } else {
      const { reason, answer } = unreadable(error, this.#headMaxSize)
      this.#metrics.refused(reason)
      this.#turnedAway.add(socket)
      const turnAway = (): void => {
        socket.end(answer)
        setTimeout(() => socket.destroy(), 500).unref()
      }
      if (connection === undefined || isOfExchange) turnAway()
      else connection.refuse(turnAway)
    }
  }
}

function peerOf(socket: Socket): string | Socket {
  const { remoteAddress, remotePort } = socket
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`
}
