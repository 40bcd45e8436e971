import type { Request, Response } from 'express'
import type { Span, Tracer } from '@berth/process'
import type { EventContext } from '@berth/events'
import { RegistryError, registryErrors } from '@berth/errors'
import type { AccessGuard } from './access/access-guard.ts'
import { cleanPath, looksUnclean } from './urls/canonical-path.ts'
import { type Refusal, renderFaults, renderText } from './errors.ts'
import type { Connections } from './connections/connections.ts'
import { attachExchange, exchangeOf } from './exchange/exchange-of.ts'
import type { HeldAnswers } from './exchange/held-answers.ts'
import type { MountedRoute } from './mounted-route.ts'
import { refuse } from './exchange/refuse.ts'
import { ExchangeFacts } from './events/exchange-facts.ts'
import { pathOf } from './urls/request-path.ts'
import { ClientGoneError } from './exchange/request-body.ts'
import { RequestExchange } from './exchange/request-exchange.ts'
import { beginSpan, endSpan } from './exchange/request-span.ts'
import type { RequestLog } from './exchange/request-log.ts'
import { respond } from './exchange/respond.ts'
import type { Urls } from './urls/urls.ts'

/** Maximum number of headers of a request. */
const maxHeaders = 256

export interface DispatcherParts {
  readonly routes: readonly MountedRoute[]
  readonly urls: Urls
  readonly log: RequestLog
  readonly isHealthy: () => boolean
  readonly idOf: (request: Request) => string
  readonly connections: Connections
  readonly answers: HeldAnswers
  readonly tracer: Tracer | undefined
  /** Characters that the path and query of a request may have. */
  readonly urlMaxLength: number
  /** There is none where everyone may do everything. */
  readonly guard: AccessGuard | undefined
  /** Carries the facts of a request to the events that it leads to. Absent if nothing receives events. */
  readonly events: EventContext | undefined
}

/** What is done for a request: an operation, or what stands in for one. */
type Step = (exchange: RequestExchange) => Promise<void> | void

/** Takes a request from its route to its log line: the one place where faults are caught, and become answers. */
export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #onClose: (this: Response) => void

  constructor(parts: DispatcherParts) {
    this.#parts = parts
    const { log, connections } = parts
    this.#onClose = function () {
      const exchange = exchangeOf(this)
      if (exchange === undefined) return
      const isGone = !this.writableFinished && !exchange.isAnswered
      if (isGone) exchange.abort()
      log.ended(exchange, isGone)
      if (exchange.span !== undefined) endSpan(exchange, isGone)
      connections.answered(exchange)
    }
  }

  /** Serves a request that a route matches. */
  serve(route: MountedRoute, request: Request, response: Response): void {
    if (this.#parts.tracer === undefined) void this.#run(route, request, response)
    else this.#runTraced(this.#parts.tracer, route, request, response)
  }

  /** Serves what no route matches, or could be matched with any. */
  serveUnrouted(request: Request, response: Response, error: unknown): void {
    if (this.#parts.tracer === undefined) void this.#run(undefined, request, response, error)
    else this.#runTraced(this.#parts.tracer, undefined, request, response, error)
  }

  #runTraced(
    tracer: Tracer,
    route: MountedRoute | undefined,
    request: Request,
    response: Response,
    error?: unknown,
  ): void {
    const span = beginSpan(tracer, route, request, this.#parts.urls.clientOf(request))
    void tracer.within(span, () => this.#run(route, request, response, error, span))
  }

  /** Never rejects: whatever happens is answered, or logged. */
  async #run(
    route: MountedRoute | undefined,
    request: Request,
    response: Response,
    error?: unknown,
    span?: Span,
  ): Promise<void> {
    const { urls, idOf, log, isHealthy, connections, urlMaxLength, answers, events } = this.#parts
    const exchange = new RequestExchange(
      urls,
      idOf(request),
      request,
      response,
      route?.name,
      route ? request.params : {},
    )
    exchange.span = span
    exchange.answers = answers
    attachExchange(response, exchange)
    response.on('close', this.#onClose)
    log.began(exchange)
    connections.began(exchange)
    try {
      if (!isHealthy()) throw unhealthy()
      if (request.rawHeaders.length > 2 * maxHeaders) throw this.#tooManyHeaders()
      if (request.url.length > urlMaxLength) throw this.#urlTooLong()
      if (expectsTooMuch(request)) return refuse(exchange, renderText(417, 'Expectation failed'))
      if (lacksHost(request)) return refuseAndClose(exchange, renderText(400, 'Bad request'))
      if (isEncodedUnreadably(request)) return refuse(exchange, renderText(400, 'Bad request'))
      const step = route === undefined ? this.#stepOffRoutes(request, error) : this.#stepOn(route, exchange)
      await (events === undefined ? step(exchange) : events.for(new ExchangeFacts(exchange), () => step(exchange)))
    } catch (thrown) {
      this.#fail(exchange, thrown)
    } finally {
      // What nobody read of a body must not be taken for the next request.
      exchange.dropBody((isComplete) => void (isComplete || request.socket.destroy()))
      connections.ended(exchange)
    }
  }

  #tooManyHeaders(): RegistryError {
    this.#parts.log.refused('too many headers')
    return new RegistryError('SIZE_INVALID', { limit: maxHeaders, of: 'headers' })
  }

  #urlTooLong(): RegistryError {
    const { log, urlMaxLength: limit } = this.#parts
    log.refused('URL too long')
    return new RegistryError('SIZE_INVALID', { limit, of: 'url' })
  }

  #stepOn(route: MountedRoute, exchange: RequestExchange): Step {
    const elsewhere = stepToCleanPath(exchange.request)
    if (elsewhere !== undefined) return elsewhere
    const { guard } = this.#parts
    if (guard === undefined || route.isOpen) return stepOf(route, exchange)
    // Where an operation is done elsewhere, it is decided there who may, and who learns what a name is.
    const relayed = route.isRelayed ? operationOf(route, exchange) : undefined
    if (relayed !== undefined) return relayed
    return () => guard.admitTo(route.name, exchange, () => stepOf(route, exchange)(exchange))
  }

  #stepOffRoutes(request: Request, error: unknown): Step {
    const path = pathOf(request.url)
    if (error instanceof URIError)
      throw new RegistryError('NAME_INVALID', { name: path.slice(0, 255), reason: 'malformed percent-encoding' })
    if (error !== undefined && error !== null) throw error
    if (path === '/') return alive
    const canonical = this.#canonicalPath(path)
    return canonical === undefined ? notFound : redirectTo(canonical)
  }

  /** What the path would have to be for a route to match it, if that is a matter of slashes. */
  #canonicalPath(path: string): string | undefined {
    const clean = cleanPath(path)
    if (clean === undefined) return undefined
    if (clean !== path) return clean
    const other = clean.endsWith('/') ? clean.slice(0, -1) : `${clean}/`
    return this.#parts.routes.some(({ pattern }) => pattern.test(other)) ? other : undefined
  }

  #fail(exchange: RequestExchange, error: unknown): void {
    try {
      this.#answerFor(error, exchange)
    } catch (unanswerable) {
      this.#parts.log.failed(exchange, unanswerable)
      exchange.request.socket.destroy()
    }
  }

  #answerFor(error: unknown, exchange: RequestExchange): void {
    const { log } = this.#parts
    const { request, response } = exchange
    const isGone = error instanceof ClientGoneError || isConnectionLost(exchange)
    if (isGone) {
      log.failedUnseen(exchange, error)
      request.socket.destroy()
    } else if (response.headersSent) {
      log.failed(exchange, error)
      // What was sent cannot be taken back: all that can be told is that it is not whole.
      if (!response.writableEnded) request.socket.destroy()
    } else {
      const [first, ...others] = registryErrors(error)
      if (first === undefined || first.code === 'UNKNOWN') log.failed(exchange, error)
      const fault = first ?? new RegistryError('UNKNOWN', undefined)
      exchange.fault = fault
      refuse(exchange, renderFaults([fault, ...others]))
    }
  }
}

/** A write that failed is told before the response counts as destroyed, so the connection itself is looked at. */
function isConnectionLost({ request, response }: RequestExchange): boolean {
  const { socket } = request
  return (response.destroyed && !response.writableFinished) || socket.destroyed || socket.errored !== null
}

function stepToCleanPath({ url }: Request): Step | undefined {
  if (!looksUnclean(url)) return undefined
  const path = pathOf(url)
  const clean = cleanPath(path)
  if (clean === undefined) return notFound
  return clean === path ? undefined : redirectTo(clean)
}

function stepOf(route: MountedRoute, exchange: RequestExchange): Step {
  exchange.checkName()
  const operation = operationOf(route, exchange)
  if (operation !== undefined) return operation
  return exchange.request.method === 'OPTIONS' ? options(route) : methodNotAllowed(route)
}

function operationOf({ handlers }: MountedRoute, { request }: RequestExchange): Step | undefined {
  return handlers[request.method as 'GET'] ?? handlers.ANY
}

/** Of all that a client could expect before it goes on, only `100-continue` means anything. */
function expectsTooMuch({ headers: { expect } }: Request): boolean {
  return expect !== undefined && expect.toLowerCase() !== '100-continue'
}

/** A refusal after which the connection closes, since what else comes on it is as wrong. */
function refuseAndClose(exchange: RequestExchange, refusal: Refusal): void {
  exchange.response.setHeader('Connection', 'close')
  refuse(exchange, refusal)
}

/** MUST be 400 (RFC 9112, 3.2). */
function lacksHost({ headers, httpVersionMajor, httpVersionMinor }: Request): boolean {
  return headers.host === undefined && httpVersionMajor === 1 && httpVersionMinor === 1
}

/** MUST be 400 (RFC 9112, 6.3). Node's parser says so only when the request is already here, to be acted on. */
function isEncodedUnreadably({ headers: { 'transfer-encoding': encoding } }: Request): boolean {
  return encoding !== undefined && encoding.toLowerCase() !== 'chunked'
}

function unhealthy(): RegistryError {
  return new RegistryError('UNAVAILABLE', { reason: 'health check failed: please see /debug/health' })
}

const alive: Step = (exchange) => respond(exchange, 200, ['Cache-Control', 'no-cache'])

const notFound: Step = (exchange) => refuse(exchange, renderText(404, '404 page not found'))

function redirectTo(path: string): Step {
  return (exchange) => {
    const { url } = exchange.request
    const query = url.includes('?') ? url.slice(url.indexOf('?')) : ''
    refuse(exchange, { status: 301, headers: ['Location', path + query], body: '' })
  }
}

function options({ allow }: MountedRoute): Step {
  return (exchange) => respond(exchange, 200, ['Allow', allow])
}

function methodNotAllowed({ allow }: MountedRoute): Step {
  return (exchange) => refuse(exchange, renderText(405, 'Method not allowed', ['Allow', allow]))
}
