import type { Counter } from './families.ts'
import type { FamilyRegistry } from './family-registry.ts'

/** The descriptor cache. */
export interface CacheMetrics {
  readonly requests: Counter
  readonly hits: Counter
  readonly errors: Counter
}

export function createCacheMetrics(registry: FamilyRegistry): CacheMetrics {
  const counter = (name: string, help: string) =>
    registry.counter({ name: `registry_storage_cache_${name}_total`, help }).child()
  return {
    requests: counter('requests', 'The number of cache requests'),
    hits: counter('hits', 'The number of cache hits'),
    errors: counter('errors', 'The number of cache errors'),
  }
}
