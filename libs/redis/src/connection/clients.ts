import type { ConnectionOptions } from 'node:tls'
import type { RedisConfig } from '@berth/configuration'
import { type Backoff, retryDelayMs } from '@berth/retries'
import { Cluster, Redis, type RedisOptions } from 'ioredis'

/** The delay before a lost connection is made again. */
export const reconnecting: Backoff = { firstMs: 50, longestMs: 5000 }

/** What reaches one Redis: Sentinels' master, the one address there is, or a cluster's. */
export type RedisClient = Redis | Cluster

/** @param nextDelayMs how long to wait before the next attempt; asked once for each */
export function clientFor(config: RedisConfig, nextDelayMs: () => number): RedisClient {
  const { addresses } = config
  if (!isCluster(config)) {
    const options: NodeOptions = {
      ...nodeOptions(config, addresses[0]),
      retryStrategy: nextDelayMs,
      sentinelRetryStrategy: (times) => retryDelayMs(times, reconnecting),
      // A master that became a replica: the connection is made anew, to whatever is the master then.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    }
    return new Redis(options)
  }
  return new Cluster(
    addresses.map(({ host, port }) => ({ host, port })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: nextDelayMs,
      slotsRefreshTimeout: config.dialTimeoutMs,
      // A node that is away fails what is asked of it in little time: a cache is not worth waiting for.
      maxRedirections: 2,
      retryDelayOnFailover: 10,
      retryDelayOnClusterDown: 10,
      retryDelayOnTryAgain: 10,
      redisOptions: commonOptions(config),
    },
  )
}

/** A connection that only listens, to one of the addresses: published once, a message reaches all nodes of a cluster. */
export function subscriberFor(config: RedisConfig, attempt: number): Redis {
  const address = config.addresses[attempt % config.addresses.length]
  const once = (): null => null
  return new Redis({
    ...nodeOptions(config, address),
    // A channel is of all databases, so none is selected.
    db: 0,
    autoResubscribe: false,
    retryStrategy: once,
    sentinelRetryStrategy: once,
  })
}

type NodeOptions = RedisOptions & { readonly replyMapping: 'legacy' }

function nodeOptions(config: RedisConfig, address: RedisConfig['addresses'][number] | undefined): NodeOptions {
  const tls = tlsOptions(config.tls)
  const common = { ...commonOptions(config), lazyConnect: true, enableOfflineQueue: false }
  if (config.masterName === undefined)
    return { ...common, ...(address && { host: address.host, port: address.port }), db: config.db }
  return {
    ...common,
    sentinels: config.addresses.map(({ host, port }) => ({ host, port })),
    name: config.masterName,
    db: config.db,
    sentinelCommandTimeout: config.dialTimeoutMs,
    ...(config.sentinelUsername && { sentinelUsername: config.sentinelUsername }),
    ...(config.sentinelPassword && { sentinelPassword: config.sentinelPassword.reveal() }),
    ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  }
}

function commonOptions(config: RedisConfig) {
  const tls = tlsOptions(config.tls)
  return {
    connectTimeout: config.dialTimeoutMs,
    commandTimeout: config.readTimeoutMs,
    // A connection that answers nothing for this long is given up, and with it what was sent on it.
    socketTimeout: Math.max(1000, config.readTimeoutMs * 5),
    connectionName: 'berth',
    replyMapping: 'legacy' as const,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    ...(config.username && { username: config.username }),
    ...(config.password && { password: config.password.reveal() }),
    ...(tls && { tls }),
  }
}

function tlsOptions(tls: RedisConfig['tls']): ConnectionOptions | undefined {
  if (tls === undefined) return undefined
  const { cert, key, cas } = tls
  return { ...(cert && key && { cert, key: key.reveal() }), ...(cas.length > 0 && { ca: cas.join('\n') }) }
}

function isCluster(config: RedisConfig): boolean {
  return config.masterName === undefined && config.addresses.length > 1
}
