import { setTimeout as wait } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { CircuitBreaker, retryDelayMs } from '@berth/retries'
import { Turns } from '@berth/storage'
import type { DirectClient } from './direct-client.ts'
import { faultOf, StoreError } from './store-fault.ts'
import { noObserver, type StoreObserver, type StoreOperation } from './store-observer.ts'

const backoff = { firstMs: 100, longestMs: 2000, certainPart: 0 }
/** Requests at a time: more would only wait, for a connection or in the store, and fail of it. */
export const mostRequests = { copies: 64, others: 192 }
/** So many the client has connections for. */
export const mostConnections = mostRequests.copies + mostRequests.others
/** These ask the direct client alone, which has connections of its own. */
const direct: ReadonlySet<StoreOperation> = new Set(['GetObject', 'HeadObject'])
const copies: ReadonlySet<StoreOperation> = new Set(['CopyObject', 'UploadPartCopy'])
const circuit = { threshold: 20, firstPauseMs: 500, longestPauseMs: 5000 }

export interface StoreOptions {
  readonly client: S3Client
  readonly direct: DirectClient
  readonly bucket: string
  /** Attempts at one request, the first among them, and none that was throttled. */
  readonly maxAttempts: number
  /** No further attempt is begun when a request has been under way for so long. */
  readonly deadlineMs: number
  readonly observer?: StoreObserver | undefined
  readonly nowMs?: () => number
  /** From 0 to 1. */
  readonly random?: () => number
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** What a request is made with. */
export interface Attempt {
  readonly client: S3Client
  /** For what it can ask, at a fraction of the client's costs. */
  readonly direct: DirectClient
  /** To be passed with the command. */
  readonly options: { readonly abortSignal?: AbortSignal }
  /** How many were made before, each of which the store may have done without its answer having come. */
  readonly earlier: number
}

/**
 * Makes requests of an object store. What throttling, timeouts and cut connections spoil is made again after a random
 * pause, some times and for some time, as long as whoever asked still waits.
 */
export class Store {
  readonly bucket: string
  readonly observer: StoreObserver
  readonly #client: S3Client
  readonly #direct: DirectClient
  readonly #maxAttempts: number
  readonly #deadlineMs: number
  readonly #circuit: CircuitBreaker
  readonly #copies = new Turns(mostRequests.copies)
  readonly #others = new Turns(mostRequests.others)
  #answeredMs = -Infinity
  readonly #nowMs: () => number
  readonly #random: () => number
  readonly #wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>

  constructor({ client, direct, bucket, maxAttempts, deadlineMs, observer = noObserver, ...tools }: StoreOptions) {
    this.bucket = bucket
    this.observer = observer
    this.#client = client
    this.#direct = direct
    this.#maxAttempts = maxAttempts
    this.#deadlineMs = deadlineMs
    this.#nowMs = tools.nowMs ?? (() => performance.now())
    this.#random = tools.random ?? Math.random
    this.#wait = tools.wait ?? pause
    const onChange = (isOpen: boolean): void => observer.circuitChanged(isOpen)
    this.#circuit = new CircuitBreaker({ ...circuit, nowMs: this.#nowMs, onChange })
  }

  /**
   * @param make one attempt: builds the command and sends it
   * @throws StoreError the store refused, or every attempt failed
   * @throws the signal's reason
   */
  send<T>(operation: StoreOperation, make: (attempt: Attempt) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#inTurn(operation, () => this.#attempts(operation, make, signal), signal)
  }

  /** As `send`, with one attempt. */
  sendOnce<T>(operation: StoreOperation, make: (attempt: Attempt) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#inTurn(operation, () => this.#attempts(operation, make, signal, true), signal)
  }

  #inTurn<T>(operation: StoreOperation, attempts: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (direct.has(operation)) return attempts()
    return (copies.has(operation) ? this.#copies : this.#others).run(attempts, signal)
  }

  async #attempts<T>(
    operation: StoreOperation,
    make: (attempt: Attempt) => Promise<T>,
    signal: AbortSignal | undefined,
    isOnce = false,
  ): Promise<T> {
    const options = signal === undefined ? {} : { abortSignal: signal }
    const startedMs = this.#nowMs()
    let throttled = 0
    for (let earlier = 0; ; earlier += 1) {
      signal?.throwIfAborted()
      const isToSee = earlier === 0 && this.#circuit.isOpen
      await this.#admission(operation, startedMs, earlier, signal)
      const begunMs = this.#nowMs()
      try {
        const result = await make({ client: this.#client, direct: this.#direct, options, earlier })
        this.#answered()
        this.observer.requested(operation, 'done', (this.#answeredMs - begunMs) / 1000)
        return result
      } catch (error) {
        signal?.throwIfAborted()
        const fault = faultOf(error)
        this.observer.requested(operation, fault, (this.#nowMs() - begunMs) / 1000)
        // One that is throttled is answered: it is there, and slowed down by pauses.
        if (fault === 'failed') this.#circuit.failed(begunMs)
        else if (fault !== 'held') this.#answered()
        if (fault === 'throttled') throttled += 1
        const pauseMs = this.pauseMs(earlier)
        const isLate = this.#nowMs() - startedMs + pauseMs > this.#deadlineMs
        const isLast =
          isOnce || earlier + 1 - throttled >= this.#maxAttempts || isLate || (isToSee && fault === 'failed')
        if (fault === 'refused' || isLast) throw new StoreError(operation, error)
        this.observer.retried(operation)
        await this.pause(pauseMs, signal)
      }
    }
  }

  /**
   * What is under way waits for a store that is gone, as long as it may; what is new is refused, but for what is let
   * through to see, and that is tried once.
   */
  async #admission(operation: StoreOperation, startedMs: number, earlier: number, signal?: AbortSignal): Promise<void> {
    while (!this.#circuit.admits()) {
      const pauseMs = this.pauseMs(earlier)
      const isLate = this.#nowMs() - startedMs + pauseMs > this.#deadlineMs
      if (earlier === 0 || isLate) throw new StoreError(operation, new Error('the store has not answered for a while'))
      await this.pause(pauseMs, signal)
    }
  }

  /** Whether requests are held back, since none is answered. */
  get isCircuitOpen(): boolean {
    return this.#circuit.isOpen
  }

  /** Since the store last answered. */
  get quietMs(): number {
    return this.#nowMs() - this.#answeredMs
  }

  /** The delay before the next attempt, in milliseconds. @param earlier the number of retries before it */
  pauseMs(earlier: number): number {
    return retryDelayMs(earlier + 1, backoff, this.#random)
  }

  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#wait(ms, signal)
  }

  #answered(): void {
    this.#answeredMs = this.#nowMs()
    this.#circuit.answered()
  }

  close(): void {
    this.#client.destroy()
    this.#direct.close()
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
