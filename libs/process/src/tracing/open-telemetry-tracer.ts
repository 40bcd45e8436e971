import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer as OtelTracer,
  TraceFlags,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import type { Span, SpanAttributes, TraceContext, Tracer } from './tracer.ts'

const propagator = new W3CTraceContextPropagator()

/** Makes spans of OpenTelemetry's. */
export class OpenTelemetryTracer implements Tracer {
  readonly #tracer: OtelTracer
  readonly #active = new AsyncLocalStorage<Span>()

  constructor(tracer: OtelTracer) {
    this.#tracer = tracer
  }

  get active(): Span | undefined {
    return this.#active.getStore()
  }

  serve(name: string, caller: TraceContext, attributes: SpanAttributes): Span {
    const context = propagator.extract(ROOT_CONTEXT, caller, defaultTextMapGetter)
    return OpenTelemetrySpan.begin(this.#tracer, name, { kind: SpanKind.SERVER, attributes, context })
  }

  within<T>(span: Span, work: () => T): T {
    return this.#active.run(span, work)
  }
}

interface Beginning {
  readonly kind: SpanKind
  readonly attributes: SpanAttributes
  readonly context: Context
  readonly startTime?: number
}

class OpenTelemetrySpan implements Span {
  readonly #tracer: OtelTracer
  readonly #span: OtelSpan
  readonly #context: Context

  private constructor(tracer: OtelTracer, span: OtelSpan, parent: Context) {
    this.#tracer = tracer
    this.#span = span
    this.#context = trace.setSpan(parent, span)
  }

  static begin(tracer: OtelTracer, name: string, { context, attributes, ...options }: Beginning): OpenTelemetrySpan {
    const span = tracer.startSpan(name, { ...options, attributes }, context)
    return new OpenTelemetrySpan(tracer, span, context)
  }

  get traceId(): string {
    return this.#span.spanContext().traceId
  }

  get context(): TraceContext {
    const carrier: Record<string, string> = {}
    propagator.inject(this.#context, carrier, defaultTextMapSetter)
    return carrier
  }

  ask(name: string, attributes: SpanAttributes): Span {
    return OpenTelemetrySpan.begin(this.#tracer, name, { kind: SpanKind.CLIENT, attributes, context: this.#context })
  }

  past(name: string, seconds: number, attributes: SpanAttributes, failure?: string): void {
    // Most traces of a busy registry are not kept.
    if ((this.#span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
    const endTime = Date.now()
    const startTime = endTime - seconds * 1000
    const options = { kind: SpanKind.INTERNAL, attributes, context: this.#context, startTime }
    OpenTelemetrySpan.begin(this.#tracer, name, options).#end({}, failure, endTime)
  }

  end(attributes: SpanAttributes = {}, failure?: string): void {
    this.#end(attributes, failure)
  }

  #end(attributes: SpanAttributes, failure: string | undefined, endTime?: number): void {
    this.#span.setAttributes(attributes)
    if (failure !== undefined) {
      this.#span.setAttribute('error.type', failure)
      this.#span.setStatus({ code: SpanStatusCode.ERROR })
    }
    this.#span.end(endTime)
  }
}
