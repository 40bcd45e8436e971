import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTracing } from './open-tracing.ts'
import { storageObserver } from './storage-observer.ts'
import { TestCollector } from './test-collector.ts'

const ignore = (): void => undefined

async function opened(endpoint: string, more: Record<string, string> = {}) {
  const warnings: string[] = []
  const log = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (_: object, message: string) => warnings.push(message),
  }
  const tracing = await openTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more }, 'manifest', log)
  if (tracing === undefined) throw new Error('nothing was opened')
  const close = async (): Promise<void> => tracing.close(new AbortController().signal)
  return { tracer: tracing.tracer, close, warnings }
}

async function collecting(more: Record<string, string> = {}) {
  const collector = await TestCollector.open()
  onTestFinished(() => collector.close())
  return { collector, ...(await opened(collector.endpoint, more)) }
}

const traceId = 'a'.repeat(32)

describe('a span', () => {
  it('is sent when the process ends, with its parts', async () => {
    const { collector, tracer, close } = await collecting()
    const metrics = { observe: ignore }
    const observe = storageObserver({ driver: 'filesystem', metrics, tracer, kindOf: (path: string) => path })
    const span = tracer.serve('GET blob', {}, { 'url.path': '/x' })
    await tracer.within(span, async () => {
      await Promise.resolve()
      observe('Stat', 0.5, 'done', 'blob')
      observe('Reader', 0.1, 'failed', 'blob')
    })
    span.ask('POST', {}).end()
    span.end({ 'http.response.status_code': 200 })
    await close()

    const [stat, reader, asked, served] = collector.spans
    expect(served).toMatchObject({
      service: 'manifest',
      name: 'GET blob',
      kind: 2,
      traceId: span.traceId,
      parentSpanId: undefined,
      hasFailed: false,
      attributes: { 'url.path': '/x', 'http.response.status_code': 200 },
    })
    expect(stat).toMatchObject({
      name: 'storage Stat',
      kind: 1,
      traceId: span.traceId,
      parentSpanId: served?.spanId,
      attributes: { 'storage.driver': 'filesystem', 'storage.path.kind': 'blob' },
    })
    expect((stat?.endMs ?? 0) - (stat?.startMs ?? 0)).toBeCloseTo(500, 0)
    expect(reader).toMatchObject({ hasFailed: true, attributes: { 'error.type': 'failed' } })
    expect(asked).toMatchObject({ kind: 3, parentSpanId: served?.spanId })
  })

  it.each([
    ['http/protobuf', 'application/x-protobuf'],
    ['http/json', 'application/json'],
  ])('is sent as %s where the environment asks for it', async (protocol, type) => {
    const { collector, tracer, close } = await collecting({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol })
    const span = tracer.serve('GET blob', {}, { 'url.path': '/x', 'http.response.status_code': 200 })
    span.end()
    await close()
    expect(collector.contentTypes).toEqual([type])
    expect(collector.spans).toMatchObject([
      {
        service: 'manifest',
        name: 'GET blob',
        kind: 2,
        traceId: span.traceId,
        attributes: { 'url.path': '/x', 'http.response.status_code': 200 },
      },
    ])
  })

  it('is sent as http/protobuf by default', async () => {
    const { collector, tracer, close } = await collecting()
    tracer.serve('a', {}, {}).end()
    await close()
    expect(collector.contentTypes).toEqual(['application/x-protobuf'])
  })

  it('is a part of its caller’s trace, and says so to whom it asks', async () => {
    const { collector, tracer, close } = await collecting()
    const span = tracer.serve('a', { traceparent: `00-${traceId}-${'b'.repeat(16)}-01`, tracestate: 'x=y' }, {})
    expect(span.traceId).toBe(traceId)
    expect(span.context.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    expect(span.context.tracestate).toBe('x=y')
    span.end()
    await close()
    expect(collector.spans).toMatchObject([{ traceId, parentSpanId: 'b'.repeat(16) }])
  })

  it.each([['nonsense'], ['00-0-0-01'], [`00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`]])(
    'begins a trace where what the caller says is none: %s',
    async (traceparent) => {
      const { collector, tracer, close } = await collecting()
      tracer.serve('a', { traceparent }, {}).end()
      await close()
      expect(collector.spans).toMatchObject([{ parentSpanId: undefined, traceId: expect.stringMatching(/[1-9a-f]/) }])
    },
  )

  it('is not sent where its caller’s is not', async () => {
    const { collector, tracer, close } = await collecting()
    const span = tracer.serve('a', { traceparent: `00-${traceId}-${'b'.repeat(16)}-00` }, {})
    span.past('b', 1, {})
    span.end()
    expect(span.context.traceparent).toMatch(/-00$/)
    await close()
    expect(collector.spans).toEqual([])
  })

  it('is not sent where none is to be', async () => {
    const { collector, tracer, close } = await collecting({ OTEL_TRACES_SAMPLER: 'always_off' })
    tracer.serve('a', {}, {}).end()
    await close()
    expect(collector.spans).toEqual([])
  })
})

describe('a collector that takes nothing', () => {
  it('keeps no process from ending, and is told of once', async () => {
    const server = createServer((_, response) => response.writeHead(400).end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const small = { OTEL_BSP_MAX_QUEUE_SIZE: '4', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' }
    const { tracer, close, warnings } = await opened(`http://127.0.0.1:${port}`, small)
    for (let count = 0; count < 100; count += 1) tracer.serve('a', {}, {}).end()
    await close()
    expect(warnings).toEqual(['traces could not be sent'])
  })

  it('keeps no process from ending where it does not even answer', async () => {
    const server = createServer(() => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const { tracer, close } = await opened(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    tracer.serve('a', {}, {}).end()
    await expect(close()).resolves.toBeUndefined()
  })
})
