import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventRequest } from './event.ts'

/** The request that work is done for, as far as events tell of it. */
export interface RequestFacts {
  readonly request: EventRequest
  /** The name of the client's user, if the client has one. */
  readonly actor: string | undefined
  /** The URL of `/v2/` as the client sees it: `https://registry.example/v2/`, or a path. */
  readonly baseUrl: string
}

/** Carries the facts of a request to the work that is done for it. */
export class EventContext {
  readonly #facts = new AsyncLocalStorage<RequestFacts>()

  /** `undefined` outside of requests. */
  get current(): RequestFacts | undefined {
    return this.#facts.getStore()
  }

  /** Does `work`, and all that it leads to, for a request. */
  for<T>(facts: RequestFacts, work: () => T): T {
    return this.#facts.run(facts, work)
  }
}
