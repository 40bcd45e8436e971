import { setTimeout as delay } from 'node:timers/promises'
import type { Client, ServiceError } from '@grpc/grpc-js'
import type { Logger } from '@berth/errors'
import { retryDelayMs } from '@berth/retries'
import { thrownBy, unavailable } from '../wire/errors.ts'
import { connected } from './calling.ts'
import type { Replica, Replicas } from './replicas.ts'

/** With their pauses, about seven seconds: enough to sit out the restart of a service that has one replica. */
const maxRounds = 12
const backoff = { firstMs: 100, longestMs: 1_000 }
/** Of those that do not answer, so many fit into a call's deadline. */
const slowReplicas = 3

/** Makes a call once. @throws ServiceError */
export type Attempt<T> = (client: Client, deadlineMs: number) => Promise<T>

export interface AttemptsOptions {
  readonly replicas: Replicas
  /** For all attempts of a call together. */
  readonly deadlineMs: number
  readonly log: Logger | undefined
  readonly random: () => number
}

/** Makes calls until a replica answers. What it answers is the result, and what it throws is thrown. */
export class Attempts {
  readonly #replicas: Replicas
  readonly #deadlineMs: number
  readonly #log: Logger | undefined
  readonly #random: () => number

  constructor({ replicas, deadlineMs, log, random }: AttemptsOptions) {
    this.#replicas = replicas
    this.#deadlineMs = deadlineMs
    this.#log = log
    this.#random = random
  }

  /**
   * Asks one replica after the other, then all again after a pause, until one answers.
   *
   * @throws RegistryError UNAVAILABLE: none did in time
   */
  repeat<T>(attempt: Attempt<T>, signal?: AbortSignal): Promise<T> {
    return this.#repeat((replica, deadlineMs) => attempt(replica.client, deadlineMs), signal)
  }

  /**
   * Asks one replica that is known to be there, and only once: an answer that is lost may be of a call that arrived.
   *
   * @throws RegistryError UNAVAILABLE: none is there, or the answer was lost
   */
  async once<T>(attempt: Attempt<T>, signal?: AbortSignal): Promise<T> {
    const untilMs = performance.now() + this.#deadlineMs
    const replica = await this.#repeat(async (found, deadlineMs) => {
      await connected(found.client, Date.now() + deadlineMs, signal)
      return found
    }, signal)
    try {
      return await attempt(replica.client, untilMs - performance.now())
    } catch (error) {
      signal?.throwIfAborted()
      const failure = error as ServiceError
      if (thrownBy(failure) === undefined) replica.failed(performance.now())
      throw this.told(failure)
    }
  }

  /** What is thrown for a failure that ends a call. */
  told(failure: ServiceError): Error {
    const thrown = thrownBy(failure)
    if (thrown !== undefined) return thrown
    this.#log?.warn({ err: failure }, 'call failed')
    return unavailable(failure)
  }

  async #repeat<T>(attempt: (replica: Replica, deadlineMs: number) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const untilMs = performance.now() + this.#deadlineMs
    const tried = new Set<Replica>()
    for (let round = 1; ;) {
      signal?.throwIfAborted()
      const replica = this.#replicas.next(tried, performance.now())
      try {
        const leftMs = untilMs - performance.now()
        const result = await attempt(replica, Math.min(leftMs, this.#deadlineMs / slowReplicas))
        replica.answered()
        return result
      } catch (error) {
        signal?.throwIfAborted()
        const failure = error as ServiceError
        const thrown = thrownBy(failure)
        if (thrown !== undefined) {
          replica.answered()
          throw thrown
        }
        replica.failed(performance.now())
        tried.add(replica)
        const isRoundOver = tried.size === this.#replicas.size
        const pauseMs = isRoundOver ? retryDelayMs(round, backoff, this.#random) : 0
        if (round > maxRounds || performance.now() + pauseMs >= untilMs) throw this.told(failure)
        this.#log?.debug({ err: failure, pauseMs }, 'retrying call')
        if (!isRoundOver) continue
        tried.clear()
        round += 1
        await delay(pauseMs, undefined, signal && { signal }).catch(() => undefined)
      }
    }
  }
}
