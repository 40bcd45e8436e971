import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@berth/errors'
import { retryDelayMs } from '@berth/retries'
import type { Redis } from 'ioredis'
import { reconnecting } from './clients.ts'

/** How often the other end must show that it is still there, in milliseconds. */
const pingIntervalMs = 5000

export interface Subscriber {
  received(message: string): void
  /** Messages arrive from now on; what was published before may have been missed. */
  connected(): void
}

export interface SubscriptionOptions {
  readonly channel: string
  readonly subscriber: Subscriber
  /** Makes a client for one attempt, which does not connect of its own accord, nor again. */
  readonly connect: () => Redis
  readonly log: Logger
}

/** Listens to a channel for as long as it is open, over as many connections as that takes. */
export class Subscription {
  readonly #options: SubscriptionOptions
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #isConnected = false

  constructor(options: SubscriptionOptions) {
    this.#options = options
    this.#done = this.#run()
  }

  /** Whether messages arrive, as far as is known. */
  get isConnected(): boolean {
    return this.#isConnected
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    const { channel, log } = this.#options
    let failures = 0
    while (!signal.aborted) {
      let reason: unknown
      try {
        await this.#listen(() => (failures = 0))
      } catch (error) {
        reason = error
      }
      failures += 1
      if (signal.aborted) return
      if (failures === 1) log.warn({ err: reason, channel }, 'redis subscription failed')
      await delay(retryDelayMs(failures, reconnecting), undefined, { signal }).catch(() => undefined)
    }
  }

  /** Over one connection, until it is lost. */
  async #listen(connected: () => void): Promise<void> {
    const { channel, subscriber, connect } = this.#options
    const client = connect()
    let failure: unknown
    client.on('error', (error: unknown) => (failure = error))
    client.on('message', (_channel: string, message: string) => subscriber.received(message))
    const ended = new Promise<void>((resolve) => void client.once('end', resolve))
    void ended.then(() => (this.#isConnected = false))
    const disconnect = (): void => client.disconnect()
    this.#stop.signal.addEventListener('abort', disconnect, { once: true })
    // What is not answered breaks the connection (`socketTimeout`), so a lost one is known without being used.
    const pinging = setInterval(() => void client.ping().catch(() => undefined), pingIntervalMs)
    try {
      await client.connect()
      await client.subscribe(channel)
      if (client.status !== 'ready') throw failure ?? new Error('the connection is lost')
      this.#isConnected = true
      connected()
      subscriber.connected()
      await ended
      if (failure !== undefined) throw failure
    } finally {
      clearInterval(pinging)
      this.#stop.signal.removeEventListener('abort', disconnect)
      this.#isConnected = false
      client.disconnect()
    }
  }
}
