/**
 * What every process of Berth needs to run, whatever it serves: a life cycle, a host, logs, metrics, traces and health.
 * Begin with `lifecycle/run-process.ts`.
 */
export type { CheckedStorage } from './health/checks.ts'
export type { Check } from './health/health-checks.ts'
export { type HealthParts, type ServedHealth, serveHealth } from './health/serve-health.ts'
export { cannotListen } from './lifecycle/cannot-listen.ts'
export { type Command, type CommandCall, CommandMistake } from './lifecycle/command.ts'
export { type Host, thisProcess } from './lifecycle/host.ts'
export { type Closable, Lifecycle } from './lifecycle/lifecycle.ts'
export type { Program } from './lifecycle/program.ts'
export { RepeatedTask, type RepeatedTaskOptions } from './lifecycle/repeated-task.ts'
export { runProcess, type Start } from './lifecycle/run-process.ts'
export { repeatUploadPurge, type UploadPurging } from './lifecycle/upload-purging.ts'
export { createLogger, type ProcessLogger } from './log/create-logger.ts'
export type { LogStream } from './log/standard-output.ts'
export type { CacheMetrics } from './metrics/cache-metrics.ts'
export type {
  Counter,
  CounterFamily,
  FamilyOptions,
  Gauge,
  GaugeFamily,
  Histogram,
  HistogramFamily,
} from './metrics/families.ts'
export type { HttpHandler, HttpMetrics } from './metrics/http-metrics.ts'
export { createMetrics, type Metrics, type MetricsOptions } from './metrics/metrics.ts'
export type { ObjectStoreMetrics } from './metrics/object-store-metrics.ts'
export type { StorageAction, StorageMetrics } from './metrics/storage-metrics.ts'
export type { UploadMetrics } from './metrics/upload-metrics.ts'
export { followTls, type FollowTlsOptions } from './tls/follow-tls.ts'
export { FollowedFiles, type FollowedFilesOptions } from './tls/followed-files.ts'
export { type ObservedAction, storageObserver, type StorageObserverParts } from './tracing/storage-observer.ts'
export type { Span, SpanAttributes, TraceContext, Tracer } from './tracing/tracer.ts'
export { revision, version } from './version.ts'
