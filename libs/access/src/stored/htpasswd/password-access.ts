import type { AccessController, AccessDecision, AccessRequest, Denied } from '../../access-controller.ts'
import { parseBasic } from '../../basic-credentials.ts'
import type { LogIn, Users } from '../../users.ts'

/** Whoever can log in may do everything. */
export class PasswordAccess implements AccessController {
  readonly #users: Users
  readonly #challenge: Denied['challenge']

  constructor({ users, realm }: { readonly users: Users; readonly realm: string }) {
    this.#users = users
    this.#challenge = { scheme: 'Basic', realm }
  }

  decide({ authorization, source }: AccessRequest): AccessDecision | Promise<AccessDecision> {
    const credentials = parseBasic(authorization)
    if (credentials === undefined) {
      const reason = authorization === undefined ? 'no credentials' : 'invalid credentials'
      return { outcome: 'denied', reason, challenge: this.#challenge }
    }
    const { name, password } = credentials
    const result = this.#users.logIn(name, password, source)
    return result instanceof Promise
      ? result.then((logIn) => this.#decision(logIn, name))
      : this.#decision(result, name)
  }

  #decision(logIn: LogIn, name: string): AccessDecision {
    if (logIn.outcome === 'accepted') return { outcome: 'granted', identity: { name } }
    if (logIn.outcome === 'limited') return logIn
    return { outcome: 'denied', reason: 'invalid credentials', challenge: this.#challenge }
  }
}
