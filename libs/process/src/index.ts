/**
 * What any process of Berth needs, whatever it does: configuration, logs, metrics, traces, health, a life cycle,
 * and connections to servers whose content it passes on.
 * Begin with `lifecycle/run-process.ts`, and for the keys with `config/schema/registry.ts`.
 */
export type { Cidr } from './config/cidr.ts'
export type {
  AuthConfig,
  BerthTokenConfig,
  CheckTiming,
  ClientAuth,
  Config,
  DebugConfig,
  HealthConfig,
  HtpasswdConfig,
  HttpConfig,
  IdentityIssuerConfig,
  LogConfig,
  LogLevel,
  ManifestsConfig,
  RedirectConfig,
  RedisConfig,
  RedisRoles,
  RedisTls,
  RpcConfig,
  RpcTls,
  S3Config,
  S3Credentials,
  SecretsConfig,
  ServicesConfig,
  StorageConfig,
  TokenConfig,
  UploadKeys,
} from './config/config.ts'
export { type AnswerBody, bodyOf } from './connections/answer-body.ts'
export type { AnswerHead } from './connections/answer-head.ts'
export type { AnswerTarget, BodySink } from './connections/answer-writer.ts'
export { CircuitBreaker } from './connections/circuit-breaker.ts'
export { LargeBuffers } from './connections/large-buffers.ts'
export { type Backoff, retryDelayMs } from './connections/retry-delay.ts'
export { type Patience, type ServerAddress, ServerConnection, type ServerEnd } from './connections/server-connection.ts'
export { ServerFailure } from './connections/server-failure.ts'
export { describeConfig, type KeyDescription } from './config/describe-config.ts'
export type { Environment } from './config/environment.ts'
export { formatAddress, type ListenAddress, type RemoteAddress, type TcpAddress } from './config/listen-address.ts'
export { loadConfig, type ConfigSource, type LoadedConfig, type PartialSection } from './config/load-config.ts'
export type { ServerTls, TlsFiles } from './config/load-tls.ts'
export { parseDocument } from './config/parse-document.ts'
export { ConfigError, type Problem } from './config/problems.ts'
export { requireKeys } from './config/require-keys.ts'
export { Secret } from './config/secret.ts'
export type { CheckedStorage } from './health/checks.ts'
export type { Check } from './health/health-checks.ts'
export { serveHealth, type HealthParts, type ServedHealth } from './health/serve-health.ts'
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
export { type Command, type CommandCall, CommandMistake } from './lifecycle/command.ts'
export { thisProcess, type Host } from './lifecycle/host.ts'
export { cannotListen } from './lifecycle/cannot-listen.ts'
export { Lifecycle, type Closable } from './lifecycle/lifecycle.ts'
export { RepeatedTask, type RepeatedTaskOptions } from './lifecycle/repeated-task.ts'
export { repeatUploadPurge, type UploadPurging } from './lifecycle/upload-purging.ts'
export type { Program } from './lifecycle/program.ts'
export { runProcess, type Start } from './lifecycle/run-process.ts'
export { type ObservedAction, storageObserver, type StorageObserverParts } from './tracing/storage-observer.ts'
export { followTls, type FollowTlsOptions } from './tls/follow-tls.ts'
export { FollowedFiles, type FollowedFilesOptions } from './tls/followed-files.ts'
export { requireUsableTls, type TlsTexts, validTo, whyNotValidNow } from './tls/require-usable-tls.ts'
export type { Span, SpanAttributes, TraceContext, Tracer } from './tracing/tracer.ts'
export { revision, version } from './version.ts'
