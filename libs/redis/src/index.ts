/**
 * What Berth keeps in Redis, and how it is reached: alone, behind Sentinels or as a cluster.
 * Begin with `connection/redis-connection.ts`; `descriptors/redis-descriptors.ts` is the cache that replicas share.
 */
export { openRedis, type RedisConnection } from './connection/redis-connection.ts'
export { type DescriptorKind, RedisDescriptors } from './descriptors/redis-descriptors.ts'
export { EntrySeal, type SealKeys } from './descriptors/entry-seal.ts'
