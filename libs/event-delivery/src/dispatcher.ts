import type { Logger } from '@berth/errors'
import type { EventLists } from '@berth/events'
import { Deliverer } from './deliverer.ts'
import type { DeliveryMetrics } from './delivery-metrics.ts'
import type { Endpoint } from './endpoint.ts'

export interface DispatcherOptions {
  readonly endpoints: readonly Endpoint[]
  readonly lists: EventLists
  readonly log: Logger
  readonly metrics: DeliveryMetrics
}

/** Delivers all events of one process's log, each endpoint by itself, so that no endpoint delays another. */
export class EventDispatcher {
  readonly #options: DispatcherOptions
  readonly #deliverers: ReadonlyMap<string, Deliverer>

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#deliverers = new Map(
      options.endpoints.map((endpoint) => [endpoint.name, new Deliverer({ ...options, endpoint })]),
    )
  }

  /** Begins with what earlier processes left. Events of endpoints that are no longer configured become dead letters. */
  async start(): Promise<void> {
    const { lists, log, metrics } = this.#options
    lists.onAppended((list, events) => {
      metrics.recorded(list.endpoint, events, lists.waiting().get(list.endpoint) ?? 0)
      this.#deliverers.get(list.endpoint)?.add(list)
    })
    for (const [endpoint, waiting] of lists.waiting()) metrics.waiting(endpoint, waiting)
    for (const list of await lists.lists()) {
      const deliverer = this.#deliverers.get(list.endpoint)
      if (deliverer !== undefined) {
        deliverer.add(list)
        continue
      }
      log.warn({ ...list }, 'events of an endpoint that is not configured became dead letters')
      while ((await lists.oldest(list, 1)).length > 0) await lists.bury(list, 500, 'the endpoint is not configured')
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#deliverers.values()].map((deliverer) => deliverer.close()))
  }
}
