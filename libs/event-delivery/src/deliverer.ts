import type { Logger } from '@berth/errors'
import { type EventListKey, type EventLists, envelopeOf, type RegistryEvent } from '@berth/events'
import { retryDelayMs } from '@berth/retries'
import type { DeliveryMetrics } from './delivery-metrics.ts'
import type { Endpoint } from './endpoint.ts'
import { EndpointClient } from './post.ts'

/** Maximum number of lists that are delivered to one endpoint at once. */
const maxAtOnce = 8
const longestPauseMs = 60_000
/** The first delay of a list whose delivery failed, while the endpoint itself is not paused. */
const firstRetryMs = 100

export interface DelivererOptions {
  readonly endpoint: Endpoint
  readonly lists: EventLists
  readonly log: Logger
  readonly metrics: DeliveryMetrics
  readonly nowMs?: () => number
  /** Calls back after some milliseconds. @returns a function that forgets the call */
  readonly after?: (ms: number, callBack: () => void) => () => void
}

/**
 * Delivers the lists of one endpoint, several at once, each in its order. A list whose delivery fails is tried again
 * later, and its later events wait. After some failures in a row the endpoint gets no requests for a while; then one
 * list is tried, and the others follow when it was delivered.
 */
export class Deliverer {
  readonly #options: DelivererOptions
  readonly #client: EndpointClient
  readonly #stop = new AbortController()
  /** Lists that wait for their turn, by name. */
  readonly #ready = new Map<string, EventListKey>()
  /** Lists that are being delivered, or wait after a failure, by name. `isAgain`: events were appended meanwhile. */
  readonly #busy = new Map<string, { isAgain: boolean }>()
  readonly #running = new Set<Promise<void>>()
  readonly #timers = new Set<() => void>()
  /** Failures in a row, of all lists. */
  #failures = 0
  #isPaused = false

  constructor(options: DelivererOptions) {
    this.#options = options
    this.#client = new EndpointClient(options.endpoint)
  }

  /** Delivers a list soon. */
  add(list: EventListKey): void {
    const name = list.repository
    const busy = this.#busy.get(name)
    if (busy !== undefined) busy.isAgain = true
    else this.#ready.set(name, list)
    this.#begin()
  }

  /** Waits until no request is under way. What is not delivered stays in its list. */
  async close(): Promise<void> {
    this.#stop.abort()
    for (const forget of this.#timers) forget()
    await Promise.all(this.#running)
    this.#client.close()
  }

  #begin(): void {
    // While the endpoint fails, one request at a time finds out whether it works again.
    const limit = this.#failures >= this.#options.endpoint.threshold ? 1 : maxAtOnce
    for (const [name, list] of this.#ready) {
      if (this.#stop.signal.aborted || this.#isPaused || this.#running.size >= limit) return
      this.#ready.delete(name)
      const state = { isAgain: false }
      this.#busy.set(name, state)
      const running = this.#deliver(list).then((delayMs) => {
        this.#running.delete(running)
        this.#ended(list, state, delayMs)
      })
      this.#running.add(running)
    }
  }

  /** @param delayMs after which the list is tried again; `undefined`: all of it was delivered */
  #ended(list: EventListKey, state: { readonly isAgain: boolean }, delayMs: number | undefined): void {
    const name = list.repository
    const again = (): void => {
      this.#busy.delete(name)
      this.#ready.set(name, list)
      this.#begin()
    }
    if (delayMs !== undefined) this.#after(delayMs, again)
    else if (state.isAgain) again()
    else {
      this.#busy.delete(name)
      this.#begin()
    }
  }

  /** Delivers a list until it is empty, or a delivery fails. @returns the delay before the next attempt, if one is needed */
  async #deliver(list: EventListKey): Promise<number | undefined> {
    const { endpoint, lists, log } = this.#options
    try {
      for (;;) {
        if (this.#stop.signal.aborted) return undefined
        const events = await lists.oldest(list, endpoint.batch)
        if (events.length === 0) return undefined
        const failure = await this.#send(events)
        if (failure === undefined) {
          this.#failures = 0
          await lists.remove(list, events.length)
          this.#countWaiting()
          continue
        }
        if (this.#stop.signal.aborted) return undefined
        const dead = this.#countTooOld(events)
        if (dead > 0) {
          log.warn(
            { endpoint: endpoint.name, repository: list.repository, events: dead, ...failure },
            'events became dead letters',
          )
          this.#options.metrics.died(endpoint.name, dead)
          await lists.bury(list, dead, failure.reason)
          this.#countWaiting()
        }
        return this.#failed(list, failure)
      }
    } catch (error) {
      log.error({ err: error, endpoint: endpoint.name, repository: list.repository }, 'the event list cannot be read')
      return longestPauseMs
    }
  }

  /** @returns why the events were not delivered; `undefined` if they were */
  async #send(events: readonly RegistryEvent[]): Promise<{ readonly reason: string } | undefined> {
    const { endpoint, metrics } = this.#options
    try {
      const status = await this.#client.post(envelopeOf(events), this.#stop.signal)
      const isSuccess = status >= 200 && status < 300
      metrics.answered(endpoint.name, status, events.length, isSuccess)
      return isSuccess ? undefined : { reason: `the endpoint answered ${status}` }
    } catch (error) {
      if (!this.#stop.signal.aborted) metrics.unanswered(endpoint.name, events.length)
      return { reason: error instanceof Error ? error.message : String(error) }
    }
  }

  #failed(list: EventListKey, failure: { readonly reason: string }): number {
    const { endpoint, log } = this.#options
    const { threshold, backoffMs, name } = endpoint
    this.#failures += 1
    const beyond = this.#failures - threshold
    if (beyond < 0) return retryDelayMs(this.#failures, { firstMs: firstRetryMs, longestMs: backoffMs })
    const pauseMs = retryDelayMs(beyond + 1, { firstMs: backoffMs, longestMs: Math.max(backoffMs, longestPauseMs) })
    if (beyond === 0)
      log.warn({ endpoint: name, repository: list.repository, ...failure }, 'the endpoint fails: its events wait')
    this.#isPaused = true
    this.#options.metrics.paused(name, true)
    this.#after(pauseMs, () => {
      this.#isPaused = false
      this.#options.metrics.paused(name, false)
      this.#begin()
    })
    return pauseMs
  }

  #countWaiting(): void {
    const { endpoint, lists, metrics } = this.#options
    metrics.waiting(endpoint.name, lists.waiting().get(endpoint.name) ?? 0)
  }

  #countTooOld(events: readonly RegistryEvent[]): number {
    const { endpoint, nowMs = Date.now } = this.#options
    const oldestMs = nowMs() - endpoint.maxAgeMs
    const end = events.findIndex(({ timestamp }) => Date.parse(timestamp) > oldestMs)
    return end < 0 ? events.length : end
  }

  #after(ms: number, callBack: () => void): void {
    const { after = afterTimeout } = this.#options
    const forget = after(ms, () => {
      this.#timers.delete(forget)
      if (!this.#stop.signal.aborted) callBack()
    })
    this.#timers.add(forget)
  }
}

function afterTimeout(ms: number, callBack: () => void): () => void {
  const timer = setTimeout(callBack, ms)
  return () => clearTimeout(timer)
}
