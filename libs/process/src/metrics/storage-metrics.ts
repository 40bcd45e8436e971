import type { Histogram } from './families.ts'
import type { FamilyRegistry } from './family-registry.ts'

/** What is timed of a driver: Distribution's names, and `Reader` and `Writer`, which it does not time. */
const storageActions = [
  'GetContent',
  'PutContent',
  'Stat',
  'List',
  'Move',
  'Delete',
  'URLFor',
  'Reader',
  'Writer',
] as const

export type StorageAction = (typeof storageActions)[number]

export interface StorageMetrics {
  observe(action: StorageAction, seconds: number): void
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** @returns the metrics of a driver by its name */
export function createStorageMetrics(registry: FamilyRegistry): (driver: string) => StorageMetrics {
  const family = registry.histogram({
    name: 'registry_storage_action_seconds',
    help: 'The number of seconds that the storage action takes',
    labels: ['driver', 'action'],
    buckets,
  })
  return (driver) => {
    const actions = Object.fromEntries(
      storageActions.map((action) => [action, family.child(driver, action)]),
    ) as Readonly<Record<StorageAction, Histogram>>
    return { observe: (action, seconds) => actions[action].observe(seconds) }
  }
}
