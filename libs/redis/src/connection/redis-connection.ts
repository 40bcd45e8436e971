import type { Logger } from '@berth/errors'
import type { RedisConfig } from '@berth/configuration'
import { retryDelayMs } from '@berth/retries'
import { clientFor, reconnecting, type RedisClient, subscriberFor } from './clients.ts'
import { isRefusal, isRefusedDatabase, requireRights } from './require-rights.ts'
import { Subscription, type Subscriber } from './subscription.ts'

/**
 * One Redis, however it is made: alone, behind Sentinels, or a cluster. It need not be there, now or later: commands
 * fail at once while it is away, and after `readTimeoutMs` when it does not answer; connecting is tried again for ever.
 * A server that refuses the user, the database or what the cache does counts as being away.
 */
export class RedisConnection {
  readonly client: RedisClient
  readonly #config: RedisConfig
  readonly #log: Logger
  readonly #subscriptions: Subscription[] = []
  #isLost = false
  #isClosed = false
  /** Attempts since the last one that came to a connection that can be used. */
  #failures = 0

  constructor(config: RedisConfig, log: Logger) {
    this.#config = config
    this.#log = log
    this.client = clientFor(config, () => retryDelayMs((this.#failures += 1), reconnecting))
    // ioredis tells of every attempt; what matters is when it began to fail, and that it is over.
    this.client.on('error', (error: unknown) => this.#failed(error))
    this.client.on('close', () => this.#lost(undefined))
    this.client.on('ready', () => void this.#ready())
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
    this.#isClosed = true
    this.client.disconnect()
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()))
  }

  #failed(error: unknown): void {
    this.#lost(error)
    // Told before the connection counts as ready, so that nothing is sent to another database.
    if (isRefusedDatabase(error)) this.client.disconnect(true)
  }

  #lost(error: unknown): void {
    if (this.#isLost) return
    this.#isLost = true
    const redis = this.#config.addresses
    if (isRefusal(error)) this.#log.warn({ err: error, redis, db: this.#config.db }, 'redis cannot be used')
    else this.#log.warn({ err: error, redis }, 'redis is unreachable')
  }

  async #ready(): Promise<void> {
    try {
      await requireRights(this.client, this.#config)
    } catch (error) {
      if (this.#isClosed) return
      this.#lost(error)
      this.client.disconnect(true)
      return
    }
    if (this.#isClosed) return
    this.#isLost = false
    this.#failures = 0
    this.#log.info({ redis: this.#config.addresses }, 'redis is connected')
  }
}

/** Connects, but does not wait for it. */
export function openRedis(config: RedisConfig, log: Logger): RedisConnection {
  return new RedisConnection(config, log)
}
