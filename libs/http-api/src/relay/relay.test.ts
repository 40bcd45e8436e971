import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import { MemoryDriver } from '@berth/storage/memory'
import { KeyRing } from '@berth/uploads'
import { StoredBlobUploads } from '@berth/uploads/stored'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeCertificate } from '@berth/configuration/testing'
import { HttpApiServer } from '../http-api-server.ts'
import type { HttpApiSettings } from '../settings.ts'
import { testSettings } from '../test-settings.ts'
import { TestApi } from '../test-api.ts'
import { BlobRelay } from './blob-relay.ts'
import { type GatewaySetup, next, openGateway } from './relay-under-test.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }
const loopback = [{ address: '127.0.0.0', prefix: 8, family: 'ipv4' as const }]

/** A gateway in front of nodes that share what they store, and a client of it. */
async function openRelay({ nodes: count = 2, ...setup }: GatewaySetup & { readonly nodes?: number } = {}) {
  const storage = new MemoryDriver()
  const nodes: TestApi[] = []
  for (let at = 0; at < count; at++) nodes.push(await openNode(storage, setup.settings))
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  return { ...(await openGateway(onTestFinished, addresses, setup)), nodes }
}

/** A node that adopts what its gateway says of a request. */
async function openNode(storage: MemoryDriver, settings: Partial<HttpApiSettings> = {}): Promise<TestApi> {
  const blobs = new StoredBlobs({ storage })
  const uploads = new StoredBlobUploads({ storage, keys: new KeyRing({ signing: 'secret' }) })
  const node = await TestApi.open({
    services: { blobs, uploads },
    settings: { deletesAllowed: true, trustedProxies: loopback, ...settings },
  })
  onTestFinished(async () => {
    await node.close()
    await uploads.close()
  })
  return node
}

const content = randomBytes(1_000_003)
const digest = digestOf(content)

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

async function push(relay: Awaited<ReturnType<typeof openRelay>>): Promise<string> {
  const put = await relay.send('PUT', await relay.start({ digest }), { body: content })
  expect(put.status).toBe(201)
  return `/v2/foo/blobs/${digest}`
}

const lines = (api: TestApi) =>
  api.lines.filter(({ message }) => message === 'request served').map((line) => line.fields)

describe('a push', () => {
  it('of a whole blob is one request after the start', async () => {
    const relay = await openRelay()
    const put = await relay.send('PUT', await relay.start({ digest }), { body: content })
    expect(put.status).toBe(201)
    expect(put.headers.get('location')).toBe(`/v2/foo/blobs/${digest}`)
    expect(put.headers.get('docker-content-digest')).toBe(digest)
  })

  it('may start with the content', async () => {
    const { send } = await openRelay()
    const post = await send('POST', `/v2/foo/blobs/uploads/?digest=${digest}`, { body: content })
    expect(post.status).toBe(201)
    expect((await send('HEAD', `/v2/foo/blobs/${digest}`)).headers.get('content-length')).toBe('1000003')
  })

  it('of unknown length is passed on in chunks', async () => {
    const { send, start } = await openRelay()
    const body = new Blob([content]).stream()
    const patched = await send('PATCH', await start(), { body, duplex: 'half' } as RequestInit)
    expect(patched.status).toBe(202)
    expect(patched.headers.get('range')).toBe('0-1000002')
    expect((await send('PUT', next(patched, { digest }))).status).toBe(201)
  })

  it('in chunks continues on whichever node is next', async () => {
    const relay = await openRelay({ nodes: 3 })
    let at = await relay.start()
    for (let start = 0; start < content.length; start += 200_001) {
      const body = content.subarray(start, start + 200_001)
      const range = `${start}-${start + body.length - 1}`
      const patched = await relay.send('PATCH', at, { body, headers: { 'Content-Range': range } })
      expect([patched.status, patched.headers.get('range')]).toEqual([202, `0-${start + body.length - 1}`])
      at = next(patched)
    }
    const completed = await relay.send('PUT', `${at}&digest=${digest}`)
    expect(completed.status).toBe(201)
    expect((await bytesOf(await relay.send('GET', `/v2/foo/blobs/${digest}`))).equals(content)).toBe(true)
    for (const node of relay.nodes) expect(lines(node).length).toBeGreaterThanOrEqual(2)
  })

  it('can be asked about, and cancelled', async () => {
    const { send, start } = await openRelay()
    const at = await start()
    const status = await send('GET', at)
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-0'])
    expect((await send('DELETE', at)).status).toBe(204)
    expect((await send('GET', at)).status).toBe(404)
  })

  it('out of order is told where the upload stands', async () => {
    const { send, start } = await openRelay()
    const patched = await send('PATCH', await start(), { body: 'hello', headers: { 'Content-Range': '7-11' } })
    expect(patched.status).toBe(416)
    expect(patched.headers.get('range')).toBe('0-0')
    expect((await send('PATCH', next(patched), { body: 'hello' })).status).toBe(202)
  })

  it('that is refused before its body is taken is answered at once', async () => {
    const { gateway, start } = await openRelay()
    const at = (await start()).replace('_state=', '_state=x')
    const connection = await gateway.connect({ allowHalfOpen: true })
    connection.write(`PATCH ${at} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`).write(Buffer.alloc(100_000))
    expect(await connection.until('errors')).toMatch(/^HTTP\/1.1 404 [^]*\r\nConnection: close\r\n/)
    connection.destroy()
  })

  it('is told to continue once a node says so', async () => {
    const { gateway, start } = await openRelay()
    const connection = await gateway.connect()
    const head = `PATCH ${await start()} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`
    expect(await connection.write(head).until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    expect(await connection.write('hello').until('Range: 0-4')).toContain('HTTP/1.1 202 Accepted')
    connection.destroy()
  })

  it('is not told to continue when a node refuses it', async () => {
    const { gateway } = await openRelay()
    const connection = await gateway.connect()
    connection.write(
      'PATCH /v2/foo/blobs/uploads/no HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 404 [^]*BLOB_UPLOAD_/)
  })

  it('mounts', async () => {
    const relay = await openRelay()
    await push(relay)
    const mounted = await relay.send('POST', `/v2/bar/blobs/uploads/?mount=${digest}&from=foo`)
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/bar/blobs/${digest}`])
  })
})

describe('a pull', () => {
  it('has all bytes and all headers, each once', async () => {
    const relay = await openRelay({ settings: { headers: { 'X-Content-Type-Options': ['nosniff'] } } })
    const path = await push(relay)
    const connection = await relay.gateway.connect()
    connection.write(`HEAD ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const head = await connection.ended()
    const names = head.split('\r\n').slice(1, -2)
    for (const name of ['Date', 'X-Request-Id', 'Docker-Distribution-Api-Version', 'X-Content-Type-Options'])
      expect(names.filter((line) => line.startsWith(`${name}: `))).toHaveLength(1)
    for (const header of ['Content-Length: 1000003', `ETag: "${digest}"`, 'Accept-Ranges: bytes', 'Connection: close'])
      expect(names).toContain(header)
    expect((await bytesOf(await relay.send('GET', path))).equals(content)).toBe(true)
  })

  it.each([
    ['bytes=5-9', 206, content.subarray(5, 10)],
    ['bytes=-3', 206, content.subarray(-3)],
    ['bytes=1000003-', 416, undefined],
  ])('of a range: %s', async (range, status, expected) => {
    const relay = await openRelay()
    const pulled = await relay.send('GET', await push(relay), { headers: { Range: range } })
    expect(pulled.status).toBe(status)
    const bytes = await bytesOf(pulled)
    expect(expected === undefined || bytes.equals(expected)).toBe(true)
  })

  it('of several ranges is passed on as it is', async () => {
    const relay = await openRelay()
    const pulled = await relay.send('GET', await push(relay), { headers: { Range: 'bytes=0-1,5-6' } })
    expect(pulled.headers.get('content-type')).toMatch(/^multipart\/byteranges; boundary=/)
    expect(Number(pulled.headers.get('content-length'))).toBe((await bytesOf(pulled)).length)
  })

  it('of what the client has is answered without a body', async () => {
    const relay = await openRelay()
    const path = await push(relay)
    const pulled = await relay.send('GET', path, { headers: { 'If-None-Match': `"${digest}"` } })
    expect([pulled.status, (await bytesOf(pulled)).length]).toEqual([304, 0])
    expect((await relay.send('HEAD', path)).status).toBe(200)
  })

  it('of what is not there says so', async () => {
    const { send } = await openRelay()
    const pulled = await send('GET', `/v2/foo/blobs/${digest}`)
    expect(pulled.status).toBe(404)
    expect(await pulled.json()).toMatchObject({ errors: [{ code: 'BLOB_UNKNOWN' }] })
  })

  it('after a delete finds nothing', async () => {
    const relay = await openRelay()
    const path = await push(relay)
    expect((await relay.send('DELETE', path)).status).toBe(202)
    expect((await relay.send('GET', path)).status).toBe(404)
  })
})

describe('pulls of large blobs', () => {
  const large = randomBytes(9 * 1024 * 1024 + 7)
  const largeDigest = digestOf(large)
  const path = `/v2/foo/blobs/${largeDigest}`
  const openLarge = async () => {
    const relay = await openRelay({ nodes: 1 })
    const put = await relay.send('PUT', await relay.start({ digest: largeDigest }), { body: large })
    expect(put.status).toBe(201)
    return relay
  }
  const pull = async ({ send }: Awaited<ReturnType<typeof openLarge>>) => bytesOf(await send('GET', path))

  it('one after the other, with small ones in between, keep their bytes', async () => {
    const relay = await openLarge()
    await push(relay)
    for (let turn = 0; turn < 3; turn++) {
      expect((await pull(relay)).equals(large)).toBe(true)
      expect((await bytesOf(await relay.send('GET', `/v2/foo/blobs/${digest}`))).equals(content)).toBe(true)
      expect((await relay.send('HEAD', path)).headers.get('content-length')).toBe(String(large.byteLength))
    }
  })

  it('more at once than there are large buffers, all keep their bytes', async () => {
    const relay = await openLarge()
    const pulled = await Promise.all(Array.from({ length: 40 }, async () => pull(relay)))
    expect(pulled.every((bytes) => bytes.equals(large))).toBe(true)
  })

  it('that clients give up harm no others', async () => {
    const relay = await openLarge()
    for (let turn = 0; turn < 40; turn++) {
      const gone = new AbortController()
      const response = await relay.send('GET', path, { signal: gone.signal })
      await response.body?.getReader().read()
      gone.abort()
    }
    expect((await pull(relay)).equals(large)).toBe(true)
  })
})

describe('the gateway', () => {
  it('answers for methods that there are not', async () => {
    const { send } = await openRelay()
    const answer = await send('PUT', `/v2/foo/blobs/${digest}`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD'])
  })

  it('relays nothing that would change a registry which is only read', async () => {
    const { send } = await openRelay({ settings: { isReadOnly: true } })
    expect((await send('POST', '/v2/foo/blobs/uploads/')).status).toBe(405)
    expect((await send('GET', `/v2/foo/blobs/${digest}`)).status).toBe(404)
  })

  it('serves over TLS what its nodes serve without', async () => {
    const storage = new MemoryDriver()
    const node = await openNode(storage, { relativeUrls: false })
    const relay = new BlobRelay({ nodes: [`127.0.0.1:${node.port}`], log: quiet })
    const certificate = makeCertificate()
    const server = createServer(
      certificate,
      new HttpApiServer({ services: { relay }, settings: testSettings, log: quiet }).app,
    )
    onTestFinished(() => {
      server.close()
      relay.close()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const big = randomBytes(20_000_003)
    const send = async (method: string, path: string, body?: Buffer): Promise<[IncomingMessage, Buffer]> => {
      const outgoing = request({ host: '127.0.0.1', port, method, path, ca: certificate.cert, agent: false })
      outgoing.end(body)
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
      return [answer, Buffer.concat(await answer.toArray())]
    }
    const [started] = await send('POST', '/v2/foo/blobs/uploads/')
    const { origin, pathname, search } = new URL(started.headers.location ?? '')
    expect(origin).toBe(`https://127.0.0.1:${port}`)
    expect((await send('PUT', `${pathname}${search}&digest=${digestOf(big)}`, big))[0].statusCode).toBe(201)
    const [, pulled] = await send('GET', `/v2/foo/blobs/${digestOf(big)}`)
    expect(pulled.equals(big)).toBe(true)
  })

  it('and the node log a request under one id', async () => {
    const relay = await openRelay({ nodes: 1 })
    const answer = await relay.send('HEAD', `/v2/foo/blobs/${digest}`, { headers: { 'X-Request-Id': 'made-up' } })
    const id = answer.headers.get('x-request-id')
    expect(id).not.toBe('made-up')
    expect(lines(relay.gateway)).toMatchObject([{ requestId: id, status: 404, node: expect.stringContaining(':') }])
    expect(lines(relay.nodes[0] as TestApi)).toMatchObject([{ requestId: id, status: 404 }])
  })

  it('is what absolute URLs lead to', async () => {
    const { send, origin } = await openRelay({ settings: { relativeUrls: false } })
    const post = await send('POST', '/v2/foo/blobs/uploads/', { headers: { 'X-Forwarded-Host': 'evil.example' } })
    expect(post.headers.get('location')).toMatch(new RegExp(`^${origin}/v2/foo/blobs/uploads/`))
  })

  it('keeps what a client sends at once apart', async () => {
    const relay = await openRelay()
    const path = await push(relay)
    const connection = await relay.gateway.connect()
    const get = (range: string, end = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=${range}\r\n${end}\r\n`
    connection.write(get('0-99999') + get('5-5') + get('-100000', 'Connection: close\r\n'))
    const all = Buffer.from(await connection.ended(), 'latin1')
    const bodies = [content.subarray(0, 100_000), content.subarray(5, 6), content.subarray(-100_000)]
    let rest = all
    for (const body of bodies) {
      const start = rest.indexOf('\r\n\r\n') + 4
      expect(rest.subarray(start, start + body.length).equals(body)).toBe(true)
      rest = rest.subarray(start + body.length)
    }
    expect(rest.length).toBe(0)
  })
})
