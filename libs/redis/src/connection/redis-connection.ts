import type { Logger } from '@berth/errors'
import type { RedisConfig } from '@berth/process'
import { clientFor, type RedisClient, subscriberFor } from './clients.ts'
import { Subscription, type Subscriber } from './subscription.ts'

/**
 * One Redis, however it is made: alone, behind Sentinels, or a cluster. It need not be there, now or later: commands
 * fail at once while it is away, and after `readTimeoutMs` when it does not answer; connecting is tried again for ever.
 */
export class RedisConnection {
  readonly client: RedisClient
  readonly #config: RedisConfig
  readonly #log: Logger
  readonly #subscriptions: Subscription[] = []
  #isLost = false

  constructor(config: RedisConfig, log: Logger) {
    this.#config = config
    this.#log = log
    this.client = clientFor(config)
    // ioredis tells of every attempt; what matters is when it began to fail, and that it is over.
    this.client.on('error', (error: unknown) => this.#lost(error))
    this.client.on('close', () => this.#lost(undefined))
    this.client.on('ready', () => this.#ready())
    this.client.connect().catch((error: unknown) => this.#lost(error))
  }

  /** Has `subscriber` told of what is published, on a connection of its own. Its life is this connection's. */
  subscribe(channel: string, subscriber: Subscriber): Subscription {
    let attempts = 0
    const connect = () => subscriberFor(this.#config, attempts++)
    const subscription = new Subscription({ channel, subscriber, connect, log: this.#log })
    this.#subscriptions.push(subscription)
    return subscription
  }

  async close(): Promise<void> {
    this.#isLost = true
    this.client.disconnect()
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()))
  }

  #lost(error: unknown): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#log.warn({ err: error, redis: this.#config.addresses }, 'redis is out of reach')
  }

  #ready(): void {
    this.#isLost = false
    this.#log.info({ redis: this.#config.addresses }, 'redis is connected')
  }
}

/** Connects, but does not wait for it. */
export function openRedis(config: RedisConfig, log: Logger): RedisConnection {
  return new RedisConnection(config, log)
}
