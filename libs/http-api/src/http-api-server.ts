import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type ServerTls, validTo } from '@berth/configuration'
import type { EventContext } from '@berth/events'
import type { Tracer } from '@berth/process'
import type { Express, Request, Response } from 'express'
import { type AccessControl, AccessGuard } from './access/access-guard.ts'
import { requireEntries } from './access/route-access.ts'
import { createApp } from './app.ts'
import { Connections } from './connections/connections.ts'
import { Dispatcher } from './dispatcher.ts'
import { mountRoutes } from './mounted-route.ts'
import type { RequestLogger, RequestMetrics } from './observers.ts'
import { HeldAnswers } from './exchange/held-answers.ts'
import { requestIds } from './exchange/request-ids.ts'
import { RequestLog } from './exchange/request-log.ts'
import { equipResponses } from './exchange/response-head.ts'
import { routes } from './routes.ts'
import type { RegistryServices } from './services.ts'
import type { HttpApiSettings } from './settings.ts'
import { removeStaleSocket } from './connections/stale-socket.ts'
import { createTlsServer, renewTls } from './connections/tls.ts'
import { trustedPeers } from './client/trusted-proxies.ts'
import { Urls } from './urls/urls.ts'

export interface HttpApiOptions {
  /** What there is to serve: routes whose services are missing are not there. */
  readonly services: Partial<RegistryServices>
  readonly settings: HttpApiSettings
  readonly log: RequestLogger
  readonly metrics?: RequestMetrics
  /** Makes a span of each request; none are made where it is absent. */
  readonly tracer?: Tracer | undefined
  /** Decides who may do what; where there is none, everyone may do everything. */
  readonly access?: AccessControl | undefined
  /** Asked before each request: while it says no, all are answered with 503. */
  readonly isHealthy?: () => boolean
  /** Carries the facts of a request to the events that it leads to. Absent if nothing receives events. */
  readonly events?: EventContext | undefined
}

/** Where to listen: a port (0 for any that is free), or the path of a Unix socket. */
export type ListenAddress = { readonly port: number; readonly host?: string } | { readonly path: string }

/** Time after which an idle TCP connection is probed, in milliseconds. */
const tcpKeepAliveMs = 30_000

/** Serves the API on one address, over HTTP or HTTPS. */
export class HttpApiServer {
  /** The Express application, for whoever serves it on a server of their own. */
  readonly app: Express
  readonly #settings: HttpApiSettings
  readonly #dispatcher: Dispatcher
  readonly #connections: Connections
  readonly #metrics: RequestMetrics
  #server: Server | undefined
  /** The same, where it speaks TLS. */
  #secure: SecureServer | undefined

  constructor(options: HttpApiOptions) {
    const { services, log, metrics = noMetrics, tracer, access, events, isHealthy = () => true } = options
    const settings = restricted(options)
    const connections = new Connections({
      settings,
      log,
      metrics,
      serve: (request, response) => this.#serve(request, response),
    })
    const urls = new Urls(settings)
    requireEntries(routes)
    const mounted = mountRoutes(routes, services, settings)
    this.#settings = settings
    this.#connections = connections
    this.#metrics = metrics
    this.#dispatcher = new Dispatcher({
      routes: mounted,
      urls,
      log: new RequestLog(log, metrics, settings),
      isHealthy,
      idOf: requestIds(trustedPeers(settings.trustedProxies)),
      connections,
      answers: new HeldAnswers(settings.stallTimeoutMs),
      tracer,
      urlMaxLength: settings.urlMaxLength,
      events,
      guard: access && new AccessGuard({ ...access, urls, log }),
    })
    this.app = createApp(mounted, this.#dispatcher)
    equipResponses(this.app, flatten(settings.headers), () => connections.isClosing)
  }

  /** @returns where it listens: of a port that was left open, which one it is */
  async listen(address: ListenAddress, tls?: ServerTls): Promise<AddressInfo | string> {
    if ('path' in address) await removeStaleSocket(address.path)
    const options = {
      maxHeaderSize: this.#settings.headMaxSize,
      requestTimeout: 0,
      headersTimeout: this.#settings.headTimeoutMs,
      connectionsCheckingInterval: Math.min(this.#settings.headTimeoutMs, 10_000),
      keepAliveTimeout: this.#settings.keepAliveTimeoutMs,
      optimizeEmptyRequests: true,
      // Checked in the request's turn: Node would answer at once, and go on reading.
      requireHostHeader: false,
      noDelay: true,
      // A client that vanished without a word is noticed, and what it held is freed.
      keepAlive: true,
      keepAliveInitialDelay: tcpKeepAliveMs,
    }
    // Not `httpAllowHalfOpen`: a client that goes away also begins by ending its side. What is done for it must stop then,
    // which is worth more than answers to clients that end theirs and wait.
    const secure = tls && createTlsServer(options, tls, (refused) => this.#connections.refused(refused))
    const server = secure ?? createServer(options)
    // The dispatcher limits their number with an answer: Node would leave out those beyond a number without a word.
    server.maxHeadersCount = 0
    this.#server = server
    this.#secure = secure
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      this.#connections.arrived(request, response)
    server.on('request', serve)
    // What the operation asks for the body is what answers `Expect: 100-continue`.
    server.on('checkContinue', serve)
    server.on('checkExpectation', serve)
    this.#connections.watch(server)
    if (tls !== undefined) this.#metrics.certificateExpires(validTo(tls.cert))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(address, resolve)
    await promise
    server.off('error', reject)
    return server.address() as AddressInfo | string
  }

  /** Shows another certificate to whoever connects from now on. Connections that are there stay as they are. */
  renew(tls: ServerTls): void {
    if (this.#secure === undefined) return
    renewTls(this.#secure, tls)
    this.#metrics.certificateExpires(validTo(tls.cert))
  }

  /**
   * Stops listening, lets the requests that are in flight finish, and after `drainTimeoutMs` cuts off those that did
   * not.
   */
  async close(drainTimeoutMs: number): Promise<void> {
    if (this.#server !== undefined) await this.#connections.close(this.#server, drainTimeoutMs)
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    // Express comes back here with what no route matched, and with what it could not match.
    this.app(request as Request, response as Response, (error?: unknown) =>
      this.#dispatcher.serveUnrouted(request as Request, response as Response, error),
    )
  }
}

/** A client that knows a digest could mount any blob of any repository. So this needs that all clients may read everything. */
function restricted({ settings, access }: HttpApiOptions): HttpApiSettings {
  return { ...settings, mountsWithoutFrom: settings.mountsWithoutFrom && access === undefined }
}

const ignore = (): void => undefined
const noMetrics: RequestMetrics = { inFlight: ignore, observe: ignore, refused: ignore, certificateExpires: ignore }

/** @throws TypeError: a name or a value that no header may have; better now than in every response */
function flatten(headers: HttpApiSettings['headers']): string[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    values.flatMap((value) => {
      validateHeaderName(name)
      validateHeaderValue(name, value)
      return [name, value]
    }),
  )
}
