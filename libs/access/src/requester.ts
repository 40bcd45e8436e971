import { AsyncLocalStorage } from 'node:async_hooks'
import type { Identity } from './identity.ts'

/** Who it is that work is done for, for logs and events alone: what may be done was decided before the work began. */
export class Requester {
  readonly #identity = new AsyncLocalStorage<Identity>()

  /** For whom this is called; `undefined` where nobody has to say who they are. */
  get current(): Identity | undefined {
    return this.#identity.getStore()
  }

  /** Does `work`, and all that it leads to, for somebody. */
  for<T>(identity: Identity, work: () => T): T {
    return this.#identity.run(identity, work)
  }
}
