import type { AccessController, AccessDecision, AccessRequest, DenialReason, Denied } from '../../access-controller.ts'
import { parseBasic } from '../../basic-credentials.ts'
import type { LogIn, Users } from '../../users.ts'
import { LastShown } from '../last-shown.ts'

/** Whoever can log in may do everything. */
export class PasswordAccess implements AccessController {
  readonly #users: Users
  readonly #challenge: Denied['challenge']
  readonly #granted = new LastShown<{ readonly generation: unknown; readonly decision: AccessDecision }>()

  constructor({ users, realm }: { readonly users: Users; readonly realm: string }) {
    this.#users = users
    this.#challenge = { scheme: 'Basic', realm }
  }

  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision> {
    const { authorization, connection } = request
    if (authorization === undefined) return this.#deny('no credentials')
    const { generation } = this.#users
    const known = this.#granted.recall(connection, authorization)
    if (known !== undefined && known.generation === generation) return known.decision
    const decision = this.#logIn(authorization, request.source)
    if (!(decision instanceof Promise) && decision.outcome === 'granted')
      this.#granted.keep(connection, authorization, { generation, decision })
    return decision
  }

  #logIn(authorization: string, source: string): AccessDecision | Promise<AccessDecision> {
    const credentials = parseBasic(authorization)
    if (credentials === undefined) return this.#deny('invalid credentials')
    const { name, password } = credentials
    const result = this.#users.logIn(name, password, source)
    return result instanceof Promise
      ? result.then((logIn) => this.#decision(logIn, name))
      : this.#decision(result, name)
  }

  #decision(logIn: LogIn, name: string): AccessDecision {
    if (logIn.outcome === 'accepted') return { outcome: 'granted', identity: { name } }
    if (logIn.outcome === 'limited') return logIn
    return this.#deny('invalid credentials')
  }

  #deny(reason: DenialReason): AccessDecision {
    return { outcome: 'denied', reason, challenge: this.#challenge }
  }
}
