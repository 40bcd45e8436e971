import type { RegistryError } from '@berth/errors'
import type { RefusalReason, RequestLogger, RequestMetrics } from '../observers.ts'
import type { RequestExchange } from './request-exchange.ts'
import { parameterName } from './request-span.ts'
import { pathOf } from '../urls/request-path.ts'
import type { HttpApiSettings } from '../settings.ts'

/** What a client that did not wait for its answer is logged and counted as. */
const clientClosedRequest = 499

/** Characters of what a client sent that a line has room for. */
const maxLength = 256

/** Tells log and metrics of each request, once, when it is over. */
export class RequestLog {
  readonly #log: RequestLogger
  readonly #metrics: RequestMetrics
  readonly #logsSuccesses: boolean

  constructor(log: RequestLogger, metrics: RequestMetrics, settings: Pick<HttpApiSettings, 'logsSuccesses'>) {
    this.#log = log
    this.#metrics = metrics
    this.#logsSuccesses = settings.logsSuccesses
  }

  began({ route }: RequestExchange): void {
    if (route !== undefined) this.#metrics.inFlight(route, 1)
  }

  /** @param isGone whether the client went away before it had the whole answer */
  ended(exchange: RequestExchange, isGone: boolean): void {
    const { request, response, route, sent, received } = exchange
    const durationMs = performance.now() - exchange.startedAtMs
    const status = isGone ? clientClosedRequest : response.statusCode
    if (route !== undefined) {
      this.#metrics.inFlight(route, -1)
      this.#metrics.observe(route, request.method, status, durationMs / 1000, received, sent)
    }
    const level = status === 503 ? 'warn' : 'info'
    if ((status < 400 && !this.#logsSuccesses) || !this.#log.isLevelEnabled(level)) return
    this.#log[level](factsOf(exchange, status, durationMs), 'request served')
  }

  /** A request was turned away before any route saw it. */
  refused(reason: RefusalReason): void {
    this.#metrics.refused(reason)
  }

  /** Somebody should look at this: a bug or an outage, which the client was told nothing about. */
  failed(exchange: RequestExchange, error: unknown): void {
    this.#log.error({ requestId: exchange.id, route: exchange.route, err: error }, 'request failed')
  }

  /** What went wrong after the client was gone. */
  failedUnseen(exchange: RequestExchange, error: unknown): void {
    if (this.#log.isLevelEnabled('debug'))
      this.#log.debug({ requestId: exchange.id, route: exchange.route, err: error }, 'request cut off')
  }
}

/** Why something is unavailable, which is for the operator to know. Where there is a cause, its stack may say more. */
function whyUnavailable(fault: RegistryError): object {
  return fault.cause === undefined ? { detail: fault.detail } : { err: fault }
}

function factsOf(exchange: RequestExchange, status: number, durationMs: number): object {
  const { request, route, name, fault } = exchange
  const parameter = exchange.parameter.slice(0, maxLength)
  const named = parameter === '' ? {} : { [parameterName(route, parameter)]: parameter }
  return {
    requestId: exchange.id,
    ...(exchange.span === undefined ? {} : { traceId: exchange.span.traceId }),
    method: request.method,
    route,
    ...(route === undefined ? { path: pathOf(request.url).slice(0, maxLength) } : {}),
    ...(name === '' ? {} : { repository: name.slice(0, maxLength) }),
    ...named,
    status,
    ...(fault === undefined ? {} : { code: fault.code }),
    ...(status === 503 && fault !== undefined ? whyUnavailable(fault) : {}),
    received: exchange.received,
    sent: exchange.sent,
    durationMs: Math.round(durationMs * 100) / 100,
    remoteAddress: exchange.clientAddress || undefined,
    userAgent: request.headers['user-agent']?.slice(0, maxLength),
    ...(exchange.identity === undefined ? {} : { user: exchange.identity.name.slice(0, maxLength) }),
    ...exchange.facts,
  }
}
