import type { RedisConfig } from '@berth/configuration'
import { openRedis, type RedisConnection } from '../connection/redis-connection.ts'
import { EntrySeal } from './entry-seal.ts'
import { type DescriptorKind, RedisDescriptors } from './redis-descriptors.ts'

const ignore = (): void => {}
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** Replicas of one cache, for a test, each with a connection of its own. */
export class Replicas {
  readonly #connections: RedisConnection[] = []

  /** Once its connection can be used, and hears the others. @param seal `null` for a replica without keys */
  async open(
    config: Partial<RedisConfig> & Pick<RedisConfig, 'addresses'>,
    nowMs?: () => number,
    kind: DescriptorKind = 'blob',
    seal: EntrySeal | null = testSeal(),
  ): Promise<RedisDescriptors> {
    const { promise: connected, resolve } = Promise.withResolvers<void>()
    const info = (_: object, message: string): void => {
      if (message === 'redis is connected') resolve()
    }
    const settings = { db: 0, dialTimeoutMs: 10_000, readTimeoutMs: 10_000, ...config }
    const connection = openRedis(settings, { ...log, info })
    this.#connections.push(connection)
    const descriptors = new RedisDescriptors(connection, kind, { seal: seal ?? undefined, nowMs })
    const heard = heardAgain(descriptors)
    // A server that is ready may still be refused, as a cluster that is being formed is.
    await Promise.all([connected, heard])
    return descriptors
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.splice(0).map((connection) => connection.close()))
  }
}

/** A seal by a key that all replicas of a test have. */
export function testSeal(nowMs?: () => number): EntrySeal {
  return new EntrySeal({ signing: 'the key of the registry' }, nowMs)
}

/** Resolves when invalidations arrive again. */
export function heardAgain(descriptors: RedisDescriptors): Promise<void> {
  return new Promise((resolve) => descriptors.listen({ invalidated: ignore, reconnected: resolve }))
}
