import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type CollectedSpan, TestCollector } from '@berth/process/testing'
import { startBerth } from './berth.ts'
import { imageNamed } from './flow-player/content.ts'
import { type Answer, locationOf, Wire } from './flow-player/wire.ts'
import type { RegistryProcess } from './registry-process.ts'
import { storage } from './storage.ts'

let folder: string
let collector: TestCollector
let registry: RegistryProcess
let wire: Wire
const image = imageNamed('traced')
const repository = 'traced/image'

/** Asks in a trace of its own. @returns the answer, with a way to what was sent of it */
async function traced(number: number, ...request: Parameters<Wire['send']>) {
  const traceId = number.toString(16).padStart(32, 'a')
  const [method, target, sending = {}] = request
  const traceparent = `00-${traceId}-${'c'.repeat(16)}-01`
  const answer = await wire.send(method, target, { ...sending, headers: { ...sending.headers, traceparent } })
  return { answer, spans: new Trace(traceId) }
}

/** What a trace has, from where it came in. */
class Trace {
  readonly #id: string

  constructor(id: string) {
    this.#id = id
  }

  /** Waits for a span, each of the path a part of the one before. */
  find(...path: readonly { readonly service: string; readonly name: RegExp }[]): Promise<CollectedSpan> {
    return collector.until((all) => {
      const spans = all.filter(({ traceId }) => traceId === this.#id)
      let parents: readonly string[] = ['c'.repeat(16)]
      let found: readonly CollectedSpan[] = []
      for (const { service, name } of path) {
        found = spans.filter(
          (span) => parents.includes(span.parentSpanId ?? '') && span.service === service && name.test(span.name),
        )
        parents = found.map(({ spanId }) => spanId)
      }
      return found[0]
    })
  }
}

function started(answer: Answer, digest: string): URL {
  expect(answer.status).toBe(202)
  return locationOf(answer, { digest })
}

async function push(content: { readonly bytes: Buffer; readonly digest: string }): Promise<void> {
  const start = await wire.send('POST', `/v2/${repository}/blobs/uploads/`)
  const { status } = await wire.send('PUT', started(start, content.digest), { body: content.bytes })
  expect(status).toBe(201)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-tracing-'))
  collector = await TestCollector.open()
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.endpoint)
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50')
  registry = await startBerth({
    folder,
    topology: 'split',
    // Content goes through the nodes.
    settings: { log: { level: 'info', accesslog: { disabled: false } }, storage: { redirect: { disable: true } } },
  })
  wire = new Wire(registry.host, {})
  for (const content of [image.config, ...image.layers]) await push(content)
})

afterAll(async () => {
  wire.close()
  await registry.stop()
  await collector.close()
  await rm(folder, { recursive: true, force: true })
  vi.unstubAllEnvs()
})

describe('a trace', () => {
  const manifest = `/v2/${repository}/manifests/latest`

  it('goes from the gateway over gRPC to the storage of the manifest service, and to a node that is asked', async () => {
    const headers = { 'Content-Type': image.mediaType }
    const { answer, spans } = await traced(1, 'PUT', manifest, { headers, body: image.manifest.bytes })
    expect(answer.status).toBe(201)
    const served = { service: 'api-gateway', name: /^PUT manifest$/ }
    const asked = { service: 'api-gateway', name: /^registry\.v1\.ManifestsService\/PutManifest$/ }
    const called = { ...asked, service: 'manifest' }
    expect(await spans.find(served)).toMatchObject({
      attributes: {
        'registry.repository': repository,
        'registry.reference': 'latest',
        'http.response.status_code': 201,
      },
    })
    const stored = await spans.find(served, asked, called, { service: 'manifest', name: /^storage PutContent$/ })
    expect(stored.attributes).toMatchObject({ 'storage.driver': storage === 's3' ? 's3aws' : 'filesystem' })
    const name = /^registry\.v1\.BlobsService\/StatBlobs$/
    await spans.find(served, asked, called, { service: 'manifest', name }, { service: 'blob-upload', name })
  })

  it('goes on in a pull', async () => {
    const { answer, spans } = await traced(2, 'GET', manifest)
    expect(answer.body).toEqual(image.manifest.bytes)
    const name = /^registry\.v1\.ManifestsService\/GetManifest$/
    await spans.find(
      { service: 'api-gateway', name: /^GET manifest$/ },
      { service: 'api-gateway', name },
      { service: 'manifest', name },
      { service: 'manifest', name: /^storage / },
    )
  })

  it('goes by the relay to the storage of a blob node', async () => {
    const [layer] = image.layers
    const { answer, spans } = await traced(3, 'GET', `/v2/${repository}/blobs/${layer?.digest}`)
    expect(answer.body).toEqual(layer?.bytes)
    const served = { service: 'api-gateway', name: /^GET blob$/ }
    const relayed = { service: 'api-gateway', name: /^GET$/ }
    const passed = { service: 'blob-upload', name: /^GET blob$/ }
    await spans.find(served, relayed, passed, { service: 'blob-upload', name: /^storage Reader$/ })
    expect(await spans.find(served, relayed, passed)).toMatchObject({
      attributes: { 'registry.digest': layer?.digest, 'http.route': '/v2/{name}/blobs/{parameter}' },
    })
  })

  it('begins here for who has none, and its id is in the log', async () => {
    await wire.send('GET', `/v2/${repository}/tags/list?n=7`)
    const span = await collector.until((spans) => spans.find(({ name }) => name === 'GET tags'))
    expect(span).toMatchObject({ service: 'api-gateway', parentSpanId: undefined })
    await expect.poll(() => registry.output()).toContain(span.traceId)
  })
})
