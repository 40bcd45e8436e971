import { collectDefaultMetrics, Registry } from 'prom-client'
import { droppedLogLines } from '../log/standard-output.ts'
import { type AccessMetrics, createAccessMetrics } from './access-metrics.ts'
import { createCacheMetrics, type CacheMetrics } from './cache-metrics.ts'
import type { CounterFamily, FamilyOptions, GaugeFamily, HistogramFamily } from './families.ts'
import { FamilyRegistry } from './family-registry.ts'
import { createHttpMetrics, type HttpMetrics } from './http-metrics.ts'
import { createObjectStoreMetrics, type ObjectStoreMetrics } from './object-store-metrics.ts'
import { createStorageMetrics, type StorageMetrics } from './storage-metrics.ts'
import { createTokenMetrics, type TokenMetrics } from './token-metrics.ts'
import { createUploadMetrics, type UploadMetrics } from './upload-metrics.ts'

/** What a process counts and times, for Prometheus. */
export interface Metrics {
  readonly contentType: string
  readonly http: HttpMetrics
  readonly access: AccessMetrics
  readonly tokens: TokenMetrics
  readonly cache: CacheMetrics
  readonly uploads: UploadMetrics
  /** @param driver `filesystem`, `inmemory`, … */
  storage(driver: string): StorageMetrics
  /** Those of a process that works on an object store; to be asked for once. */
  objectStore(): ObjectStoreMetrics
  counter(options: FamilyOptions): CounterFamily
  gauge(options: FamilyOptions): GaugeFamily
  histogram(options: FamilyOptions & { readonly buckets: readonly number[] }): HistogramFamily
  /** Everything, in Prometheus's text format. */
  render(): Promise<string>
}

export interface MetricsOptions {
  readonly version: string
  /** The git commit of the sources, where it is known. */
  readonly revision?: string | undefined
  /** Whether the process's own are among them: memory, CPU, garbage collection. By default they are. */
  readonly withProcess?: boolean
}

export function createMetrics({ version, revision, withProcess = true }: MetricsOptions): Metrics {
  const registry = new FamilyRegistry()
  // Kept apart from the families, whose counting is too frequent for a general library.
  const ofProcess = new Registry()
  if (withProcess) collectDefaultMetrics({ register: ofProcess })
  const build = { version, node: process.version, ...(revision !== undefined && { revision }) }
  registry
    .gauge({ name: 'berth_build_info', help: 'The version that runs', labels: Object.keys(build) })
    .child(...Object.values(build))
    .set(1)
  const storage = createStorageMetrics(registry)
  const droppedLines = registry
    .counter({ name: 'berth_log_lines_dropped_total', help: 'Log lines dropped because standard output was not read' })
    .child()
  let countedLines = 0
  return {
    contentType: ofProcess.contentType,
    http: createHttpMetrics(registry),
    access: createAccessMetrics(registry),
    tokens: createTokenMetrics(registry),
    cache: createCacheMetrics(registry),
    uploads: createUploadMetrics(registry),
    storage,
    objectStore: () => createObjectStoreMetrics(registry),
    counter: (options) => registry.counter(options),
    gauge: (options) => registry.gauge(options),
    histogram: (options) => registry.histogram(options),
    render: async () => {
      const lines = droppedLogLines()
      droppedLines.add(lines - countedLines)
      countedLines = lines
      return registry.render() + (withProcess ? await ofProcess.metrics() : '')
    },
  }
}
