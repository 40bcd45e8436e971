import type { FamilyRegistry } from './family-registry.ts'

const tiers = ['memory', 'shared'] as const
const outcomes = ['hit', 'miss', 'error'] as const
const operations = ['find', 'fill', 'hold', 'release', 'forget'] as const
// A cache is there to answer in well below a millisecond.
const buckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

/** The descriptor cache: this process's memory, and what replicas share behind it. */
export interface CacheMetrics {
  lookedUp(tier: (typeof tiers)[number], outcome: (typeof outcomes)[number]): void
  /** An entry of the shared tier was not sealed by a key of the registry, or was too old. */
  rejected(): void
  timed(operation: (typeof operations)[number], seconds: number, isFailed: boolean): void
}

/** Distribution's counters, of the cache as a whole, and Berth's own, by tier. */
export function createCacheMetrics(registry: FamilyRegistry): CacheMetrics {
  const counter = (name: string, help: string) =>
    registry.counter({ name: `registry_storage_cache_${name}_total`, help }).child()
  const requests = counter('requests', 'The number of cache requests')
  const hits = counter('hits', 'The number of cache hits')
  const errors = counter('errors', 'The number of cache errors')

  const lookups = registry.counter({
    name: 'berth_descriptor_cache_lookups_total',
    help: 'The number of descriptors looked up in a tier of the cache',
    labels: ['tier', 'outcome'],
  })
  const failures = registry.counter({
    name: 'berth_descriptor_cache_errors_total',
    help: 'The number of operations of a tier of the cache that failed',
    labels: ['tier', 'operation'],
  })
  const rejections = registry
    .counter({
      name: 'berth_descriptor_cache_rejected_entries_total',
      help: 'The number of entries of a tier of the cache that no replica can have written lately',
      labels: ['tier'],
    })
    .child('shared')
  const seconds = registry.histogram({
    name: 'berth_descriptor_cache_seconds',
    help: 'The number of seconds that an operation of a tier of the cache takes',
    labels: ['tier', 'operation'],
    buckets,
  })
  const byTier = record(tiers, (tier) => record(outcomes, (outcome) => lookups.child(tier, outcome)))
  const ofShared = record(operations, (operation) => ({
    seconds: seconds.child('shared', operation),
    errors: failures.child('shared', operation),
  }))
  return {
    lookedUp: (tier, outcome) => {
      byTier[tier][outcome].add()
      if (tier === 'memory') requests.add()
      if (outcome === 'hit') hits.add()
    },
    rejected: () => rejections.add(),
    timed: (operation, took, isFailed) => {
      ofShared[operation].seconds.observe(took)
      if (!isFailed) return
      ofShared[operation].errors.add()
      errors.add()
    },
  }
}

function record<K extends string, V>(keys: readonly K[], valueOf: (key: K) => V): Readonly<Record<K, V>> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<K, V>
}
