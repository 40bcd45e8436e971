import type { Logger } from '@berth/errors'
import { DenialSample } from '../denial-sample.ts'
import type { Scope } from '../scope.ts'
import type { LimitedTokens, RefusedToken, TokenRequest } from '../token-server.ts'
import type { MarkedUsers } from '../users.ts'

interface RefusalsParts {
  readonly log: Logger
  readonly users: MarkedUsers | undefined
  readonly nowMs: () => number
}

const maxTold = 20

/** Tells the operator of tokens that are refused, and nothing of what was shown for them. */
export class Refusals {
  readonly #log: Logger
  readonly #users: MarkedUsers | undefined
  readonly #denials: DenialSample

  constructor({ log, users, nowMs }: RefusalsParts) {
    this.#log = log
    this.#users = users
    this.#denials = new DenialSample(nowMs)
  }

  tell({ credentials, source, scopes }: TokenRequest, answer: RefusedToken | LimitedTokens): void {
    const untold = this.#denials.take(source)
    if (untold === undefined) return
    // Whatever else is in its place may be a secret.
    const isKnown = credentials.kind === 'password' && this.#users?.markOf(credentials.name) !== undefined
    const user = isKnown ? credentials.name : undefined
    const reason = answer.outcome === 'limited' ? `too many ${answer.reason}` : answer.detail
    const asked = { credentials: credentials.kind, user, access: formatAll(scopes) }
    this.#log.warn({ ...asked, reason, remoteAddress: source, ...(untold > 0 && { untold }) }, 'token refused')
  }
}

function formatAll(scopes: readonly Scope[]): string {
  return scopes
    .slice(0, maxTold)
    .map(({ type, name, actions }) => `${type}:${name.slice(0, 255)}:${actions.join(',')}`)
    .join(' ')
}
