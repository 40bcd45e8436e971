/** What a process tells the next one of the span that leads to it. @see W3C Trace Context */
export interface TraceContext {
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>

/** A piece of work, as part of a trace. */
export interface Span {
  readonly traceId: string
  /** For whom is asked in the course of it. */
  readonly context: TraceContext
  /** Begins asking another process. */
  ask(name: string, attributes: SpanAttributes): Span
  /** Adds a piece of the work that took so long and is over now. @param failure its kind, where it failed */
  past(name: string, seconds: number, attributes: SpanAttributes, failure?: string): void
  /** @param failure its kind, where it failed */
  end(attributes?: SpanAttributes, failure?: string): void
}

/** Makes spans. Where tracing is off there is none, and whoever would use it asks no more than that. */
export interface Tracer {
  /** The span in whose course this is called. */
  readonly active: Span | undefined
  /** Begins work for a caller: in its trace, where it says that it has one. */
  serve(name: string, caller: TraceContext, attributes: SpanAttributes): Span
  /** Does `work`, and all that it leads to, in the course of `span`. */
  within<T>(span: Span, work: () => T): T
}
