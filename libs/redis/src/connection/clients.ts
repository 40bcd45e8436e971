import type { RedisConfig } from '@berth/process'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { retryDelayMs } from './retry-delay.ts'
import type { RedisTls } from './redis-tls.ts'

/** What reaches one Redis: Sentinels' master, the one address there is, or a cluster's. */
export type RedisClient = Redis | Cluster

export function clientFor(config: RedisConfig, tls: RedisTls | undefined): RedisClient {
  const { addresses } = config
  if (!isCluster(config)) {
    const retry = (times: number): number => retryDelayMs(times)
    const options: NodeOptions = {
      ...nodeOptions(config, tls, addresses[0]),
      retryStrategy: retry,
      sentinelRetryStrategy: retry,
    }
    return new Redis(options)
  }
  return new Cluster(
    addresses.map(({ host, port }) => ({ host, port })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: (times) => retryDelayMs(times),
      slotsRefreshTimeout: config.dialTimeoutMs,
      // A node that is away fails what is asked of it in little time: a cache is not worth waiting for.
      maxRedirections: 2,
      retryDelayOnFailover: 10,
      retryDelayOnClusterDown: 10,
      retryDelayOnTryAgain: 10,
      redisOptions: commonOptions(config, tls),
    },
  )
}

/** A connection that only listens, to one of the addresses: published once, a message reaches all nodes of a cluster. */
export function subscriberFor(config: RedisConfig, tls: RedisTls | undefined, attempt: number): Redis {
  const address = config.addresses[attempt % config.addresses.length]
  const once = (): null => null
  return new Redis({
    ...nodeOptions(config, tls, address),
    autoResubscribe: false,
    retryStrategy: once,
    sentinelRetryStrategy: once,
  })
}

type NodeOptions = RedisOptions & { readonly replyMapping: 'legacy' }

function nodeOptions(
  config: RedisConfig,
  tls: RedisTls | undefined,
  address: RedisConfig['addresses'][number] | undefined,
): NodeOptions {
  const common = { ...commonOptions(config, tls), lazyConnect: true, enableOfflineQueue: false }
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

function commonOptions(config: RedisConfig, tls: RedisTls | undefined) {
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

function isCluster(config: RedisConfig): boolean {
  return config.masterName === undefined && config.addresses.length > 1
}
