import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { readTraces } from './test-otlp-protobuf.ts'

/** A span as it was sent. */
export interface CollectedSpan {
  readonly service: string
  readonly name: string
  /** 1: internal, 2: server, 3: client. */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly startMs: number
  readonly endMs: number
  readonly hasFailed: boolean
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

export interface SentSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  readonly status?: { readonly code?: number }
}

/** What an exporter sends, in the form of `http/json`. */
export interface SentTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[]
  }[]
}

/** For tests: takes spans over OTLP, as `http/protobuf` or `http/json`. */
export class TestCollector {
  readonly spans: CollectedSpan[] = []
  /** The `Content-Type` of each request. */
  readonly contentTypes: string[] = []
  readonly endpoint: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async open(): Promise<TestCollector> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const collector = new TestCollector(server)
    server.on('request', (request, response) => {
      void buffer(request).then((body) => {
        const type = request.headers['content-type'] ?? ''
        collector.contentTypes.push(type)
        const isJson = type === 'application/json'
        if (request.url === '/v1/traces')
          collector.#take(isJson ? (JSON.parse(body.toString()) as SentTraces) : readTraces(body))
        response.writeHead(200, { 'Content-Type': type }).end(isJson ? '{}' : '')
        server.emit('taken')
      })
    })
    return collector
  }

  /** Waits until enough was sent. @returns what `find` does, once it finds something */
  async until<T>(find: (spans: readonly CollectedSpan[]) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this.spans)
      if (found !== undefined) return found
      await once(this.#server, 'taken')
    }
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  #take({ resourceSpans }: SentTraces): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(attributesOf(resource.attributes)['service.name'])
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans.map((span) => collected(service, span))))
    }
  }
}

function collected(service: string, sent: SentSpan): CollectedSpan {
  const { name, kind, traceId, spanId, parentSpanId } = sent
  return {
    service,
    name,
    kind,
    traceId,
    spanId,
    parentSpanId: parentSpanId || undefined,
    startMs: Number(sent.startTimeUnixNano) / 1e6,
    endMs: Number(sent.endTimeUnixNano) / 1e6,
    hasFailed: sent.status?.code === 2,
    attributes: attributesOf(sent.attributes),
  }
}

function attributesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
