import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { parseKeyPairsIntoRecord, setGlobalErrorHandler } from '@opentelemetry/core'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from '@berth/errors'
import { version } from '../version.ts'
import { OpenTelemetryTracer } from './open-telemetry-tracer.ts'
import type { Tracing } from './open-tracing.ts'
import type { TracingSettings } from './tracing-settings.ts'

/** Maximum time in milliseconds to send the last spans when the process ends: the collector may be away. */
const flushMs = 2000
/** Minimum time in milliseconds between two warnings about a collector that is away. */
const betweenWarningsMs = 60_000
/** Maximum length of an attribute, in characters: clients choose some of the attributes. */
const maxLength = 256

/** Traces that are sent to a collector, in batches; what it does not take in time is dropped. */
export class ExportedTraces implements Tracing {
  readonly tracer: OpenTelemetryTracer
  readonly #provider: TracerProvider
  readonly #log: Logger
  #warnedAtMs = -Infinity

  constructor(settings: TracingSettings, log: Logger) {
    this.#log = log
    // Of the SDK's, and of the whole process: there is no other way to hear of what could not be sent.
    setGlobalErrorHandler((error) => this.#warn(error))
    const resource = resourceFromAttributes({
      'service.instance.id': randomUUID(),
      'service.version': version,
      ...parseKeyPairsIntoRecord(settings.resourceAttributes),
      'service.name': settings.serviceName,
    })
    const processor = new BatchSpanProcessor({
      exporter: exporterOf(settings),
      maxQueueSize: settings.maxQueue,
      maxExportBatchSize: settings.maxBatch,
      scheduledDelayMillis: settings.delayMs,
      exportTimeoutMillis: settings.timeoutMs,
    })
    this.#provider = new TracerProvider({
      resource,
      sampler: samplerOf(settings),
      spanLimits: { attributeValueLengthLimit: maxLength },
      spanProcessors: [processor],
    })
    this.tracer = new OpenTelemetryTracer(this.#provider.getTracer('berth', version))
  }

  /** Sends what waits, as far as that is quickly done. Never fails: traces are not what a process is for. */
  async close(): Promise<void> {
    const late = new AbortController()
    const sent = this.#provider.shutdown().catch((error: unknown) => this.#warn(error))
    await Promise.race([sent, delay(flushMs, undefined, { signal: late.signal }).catch(() => undefined)])
    late.abort()
  }

  #warn(error: unknown): void {
    const now = performance.now()
    if (now - this.#warnedAtMs < betweenWarningsMs) return
    this.#warnedAtMs = now
    this.#log.warn({ err: error }, 'traces could not be sent')
  }
}

function exporterOf({ protocol, url }: TracingSettings): SpanExporter {
  return protocol === 'http/json' ? new JsonExporter({ url }) : new ProtobufExporter({ url })
}

function samplerOf({ sampler, ratio }: TracingSettings): Sampler {
  const [first, own] = sampler.startsWith('parentbased_') ? [true, sampler.slice(12)] : [false, sampler]
  const root =
    own === 'always_off'
      ? new AlwaysOffSampler()
      : own === 'always_on'
        ? new AlwaysOnSampler()
        : new TraceIdRatioBasedSampler(ratio)
  return first ? new ParentBasedSampler({ root }) : root
}
