import type { StorageAction, StorageMetrics } from '../metrics/storage-metrics.ts'
import type { Tracer } from './tracer.ts'

export interface StorageObserverParts<Path> {
  readonly driver: string
  readonly metrics: StorageMetrics
  readonly tracer: Tracer | undefined
  /** What lies at a path, in a word: whole paths would be as many as there are blobs. */
  readonly kindOf: (path: Path) => string
}

/** Told of a storage action at its end, in the course of what asked for it. */
export type ObservedAction<Path> = (action: StorageAction, seconds: number, outcome: string, path: Path) => void

/** Times storage actions, and where there is a tracer adds each to the span that it was done for. */
export function storageObserver<Path>(parts: StorageObserverParts<Path>): ObservedAction<Path> {
  const { driver, metrics, tracer, kindOf } = parts
  if (tracer === undefined) return (action, seconds) => metrics.observe(action, seconds)
  return (action, seconds, outcome, path) => {
    metrics.observe(action, seconds)
    tracer.active?.past(
      `storage ${action}`,
      seconds,
      { 'storage.driver': driver, 'storage.path.kind': kindOf(path), 'storage.outcome': outcome },
      outcome === 'failed' ? outcome : undefined,
    )
  }
}
