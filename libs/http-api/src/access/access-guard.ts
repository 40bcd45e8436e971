import {
  type AccessController,
  type AccessDecision,
  DenialSample,
  formatChallenge,
  formatScopes,
  type Identity,
  type Requester,
  unauthorized,
} from '@berth/access'
import { RegistryError } from '@berth/errors'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import type { AccessMetrics, RequestLogger } from '../observers.ts'
import type { RouteName } from '../routes.ts'
import type { Urls } from '../urls/urls.ts'
import { AskedAccess } from './asked-access.ts'
import { accessesOf } from './route-access.ts'

/** How access is controlled. */
export interface AccessControl {
  readonly controller: AccessController
  readonly metrics?: AccessMetrics
  /** Where whatever is done for a request learns whom it is for. */
  readonly requester?: Requester | undefined
}

type Work = () => Promise<void> | void

interface AccessGuardParts extends AccessControl {
  readonly urls: Urls
  readonly log: RequestLogger
}

/** Lets requests pass that are granted what they ask for, and tells of those that are not. */
export class AccessGuard {
  readonly #parts: AccessGuardParts
  readonly #denials = new DenialSample()

  constructor(parts: AccessGuardParts) {
    this.#parts = parts
  }

  /**
   * Does what a request asks for, if that is granted: all of it is decided here, once.
   *
   * @throws RegistryError UNAUTHORIZED: not granted; at once, or in the promise
   * @throws RegistryError TOOMANYREQUESTS: the client's logins fail too often; likewise
   */
  admitTo(route: RouteName, exchange: RequestExchange, work: Work): Promise<void> | void {
    const { controller, urls } = this.#parts
    const asked = new AskedAccess(exchange, urls, accessesOf(route, exchange))
    const decision = controller.decide(asked)
    if (decision instanceof Promise) return decision.then((made) => this.#do(work, made, asked, exchange))
    return this.#do(work, decision, asked, exchange)
  }

  #do(work: Work, decision: AccessDecision, asked: AskedAccess, exchange: RequestExchange): Promise<void> | void {
    const { requester } = this.#parts
    const identity = this.#follow(decision, asked, exchange)
    return requester === undefined ? work() : requester.for(identity, work)
  }

  #follow(decision: AccessDecision, asked: AskedAccess, exchange: RequestExchange): Identity {
    const { metrics } = this.#parts
    switch (decision.outcome) {
      case 'granted':
        metrics?.decided('granted')
        return (exchange.identity = decision.identity)
      case 'limited':
        metrics?.decided('limited')
        this.#tell('warn', { reason: 'too many failed logins' }, asked, exchange)
        throw new RegistryError('TOOMANYREQUESTS', { retryAfterMs: decision.retryAfterMs })
      case 'denied': {
        const { reason, detail, identity, challenge } = decision
        metrics?.decided(reason)
        exchange.identity = identity
        // Clients begin by asking without credentials, to learn which are wanted.
        this.#tell(reason === 'no credentials' ? 'info' : 'warn', { reason, detail }, asked, exchange)
        exchange.response.setHeader('WWW-Authenticate', formatChallenge(challenge))
        throw unauthorized(asked.accesses)
      }
    }
  }

  #tell(level: 'info' | 'warn', why: object, { accesses, source }: AskedAccess, exchange: RequestExchange): void {
    const { log } = this.#parts
    if (!log.isLevelEnabled(level)) return
    const untold = level === 'warn' ? this.#denials.take(source) : this.#denials.takeUntold()
    if (untold === undefined) return
    const { id, route, request, identity } = exchange
    const who = { user: identity?.name, remoteAddress: source }
    log[level](
      {
        requestId: id,
        method: request.method,
        route,
        access: formatScopes(accesses),
        ...why,
        ...who,
        ...(untold > 0 && { untold }),
      },
      'access denied',
    )
  }
}
