import { RegistryError } from '@berth/errors'
import type { SendableBlobs } from '@berth/blobs'
import type { Manifests, StoredManifest, Tags } from '@berth/manifests'
import { digestOf } from '@berth/digest'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { RequestMetrics } from '../observers.ts'
import type { HttpApiSettings } from '../settings.ts'
import { TestApi } from '../test-api.ts'
import { noBlobs } from '../test-services.ts'

const content = Buffer.from('{"some":"manifest"}')
const stored: StoredManifest = { mediaType: 'application/x', digest: digestOf(content), content }

async function serve(get: () => Promise<StoredManifest>, settings: Partial<HttpApiSettings> = {}) {
  const unused = () => Promise.reject(new Error('not to be called here'))
  const put: Manifests['put'] = async (_, { tags }) => ({ digest: stored.digest, tags })
  const tags: Tags = { list: unused, delete: unused }
  const counted: unknown[][] = []
  const metrics: RequestMetrics = {
    inFlight: (handler, change) => counted.push([handler, change]),
    observe: (handler, method, status, seconds, requestBytes, responseBytes) =>
      counted.push([handler, method, status, seconds >= 0 && seconds < 60, requestBytes, responseBytes]),
    refused: (reason) => counted.push([reason]),
    certificateExpires: () => undefined,
  }
  const services = { manifests: { get, put, delete: unused }, tags }
  const api = await TestApi.open({ services, settings, metrics })
  onTestFinished(() => api.close())
  /** What was logged and counted once all that was asked is over. */
  const ended = async () => {
    await api.close()
    return { lines: api.lines, counted }
  }
  return { api, counted, ended }
}

describe('a request', () => {
  it('is one line, with what it was about and what came of it', async () => {
    const { api, ended } = await serve(async () => stored)
    const { headers } = await api.send('GET', '/v2/foo/bar/manifests/latest', { headers: { 'User-Agent': 'me' } })
    const { lines } = await ended()
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'request served',
        fields: {
          requestId: headers['x-request-id'],
          method: 'GET',
          route: 'manifest',
          repository: 'foo/bar',
          reference: 'latest',
          digest: stored.digest,
          status: 200,
          received: 0,
          sent: content.byteLength,
          durationMs: expect.any(Number),
          remoteAddress: '127.0.0.1',
          userAgent: 'me',
        },
      },
    ])
  })

  it('has in its line what the operation found out', async () => {
    const { api, ended } = await serve(async () => stored)
    await api.send('PUT', '/v2/foo/manifests/latest', { body: content, headers: { 'Content-Type': 'application/x' } })
    const { lines } = await ended()
    expect(lines[0]?.fields).toMatchObject({ digest: stored.digest, size: content.byteLength, received: 19, sent: 0 })
  })

  it('that comes by a trusted proxy has the address of its client, in the form of IPv4', async () => {
    const trustedProxies = [{ address: '127.0.0.1', prefix: 32, family: 'ipv4' as const }]
    const { api, ended } = await serve(async () => stored, { trustedProxies })
    const path = '/v2/foo/manifests/latest'
    await api.send('GET', path, { headers: { 'X-Forwarded-For': '192.0.2.1, [::ffff:203.0.113.9]:4711' } })
    await api.send('GET', path, { headers: { 'X-Forwarded-For': ['192.0.2.1', '203.0.113.9:80', '127.0.0.1'] } })
    await api.send('GET', path, { headers: { Forwarded: 'for=192.0.2.1, for="203.0.113.9:_x"' } })
    const { lines } = await ended()
    expect(lines.map(({ fields }) => fields['remoteAddress'])).toEqual(['203.0.113.9', '203.0.113.9', '203.0.113.9'])
  })

  it('that is refused has the code of the fault', async () => {
    const fault = new RegistryError('MANIFEST_UNKNOWN', { name: 'foo', reference: 'latest' })
    const { api, ended } = await serve(() => Promise.reject(fault), { logsSuccesses: false })
    await api.send('GET', `/v2/foo/manifests/${stored.digest}`)
    const { lines } = await ended()
    expect(lines).toMatchObject([
      { level: 'info', fields: { status: 404, code: 'MANIFEST_UNKNOWN', digest: stored.digest } },
    ])
  })

  it('that nothing could be done for is a warning, with the cause', async () => {
    const cause = new Error('disk')
    const { api, ended } = await serve(() =>
      Promise.reject(new RegistryError('UNAVAILABLE', { reason: 'r' }, { cause })),
    )
    await api.send('GET', '/v2/foo/manifests/latest')
    const { lines } = await ended()
    expect(lines).toMatchObject([{ level: 'warn', fields: { status: 503, code: 'UNAVAILABLE', err: { cause } } }])
  })

  it('that nothing can be done for while something is known to be wrong is told in short', async () => {
    const fault = new RegistryError('UNAVAILABLE', { reason: 'health check failed' })
    const { api, ended } = await serve(() => Promise.reject(fault))
    await api.send('GET', '/v2/foo/manifests/latest')
    const { lines } = await ended()
    expect(lines).toMatchObject([{ level: 'warn', fields: { status: 503, detail: { reason: 'health check failed' } } }])
    expect(lines[0]?.fields).not.toHaveProperty('err')
  })

  it('that succeeds has no line where the access log is off', async () => {
    const { api, ended } = await serve(async () => stored, { logsSuccesses: false })
    await api.send('GET', '/v2/foo/manifests/latest')
    await api.send('GET', '/nowhere')
    const { lines } = await ended()
    expect(lines).toMatchObject([{ fields: { status: 404, path: '/nowhere' } }])
  })

  it('has no more in its line than there is room for', async () => {
    const { api, ended } = await serve(async () => stored)
    const long = 'x'.repeat(10_000)
    await api.send('GET', `/v2/${long}/manifests/${long}`, { headers: { 'User-Agent': long } })
    await api.send('GET', `/${long}`)
    const { lines } = await ended()
    for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(2000)
  })
})

describe('metrics', () => {
  it('are told of a request when it begins and when it is over', async () => {
    const { api, ended } = await serve(async () => stored)
    await api.send('GET', '/v2/foo/manifests/latest')
    await api.send('PUT', '/v2/foo/manifests/latest', { body: content, headers: { 'Content-Type': 'application/x' } })
    const { counted } = await ended()
    expect(counted).toEqual([
      ['manifest', 1],
      ['manifest', -1],
      ['manifest', 'GET', 200, true, 0, content.byteLength],
      ['manifest', 1],
      ['manifest', -1],
      ['manifest', 'PUT', 201, true, content.byteLength, 0],
    ])
  })

  it('are not told of what no route has', async () => {
    const { api, ended } = await serve(async () => stored)
    await api.send('GET', '/')
    await api.send('GET', '/nowhere')
    expect((await ended()).counted).toEqual([])
  })

  it('count a client that does not wait as 499', async () => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<StoredManifest>()
    const { api, counted, ended } = await serve(() => {
      asked.resolve()
      return answer.promise
    })
    const connection = await api.connect()
    connection.write('GET /v2/foo/manifests/latest HTTP/1.1\r\nHost: x\r\n\r\n')
    await asked.promise
    connection.destroy()
    while (counted.length < 3) await new Promise(setImmediate)
    answer.resolve(stored)
    const { lines } = await ended()
    expect(counted.at(-1)).toEqual(['manifest', 'GET', 499, true, 0, 0])
    expect(lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  })
})

describe('a client that goes away in the middle of a blob', () => {
  it('is a line, and nothing that anyone should act on', async () => {
    const size = 1024 ** 3
    const digest = digestOf('large')
    const sendTo: SendableBlobs['sendTo'] = async (_repository, _digest, _range, target) => {
      for (;;) {
        await new Promise<void>((resolve, reject) => {
          target.write(Buffer.alloc(1024 * 1024), (error) => (error ? reject(error) : resolve()))
        })
      }
    }
    const stat: SendableBlobs['stat'] = async () => ({ mediaType: 'application/octet-stream', digest, size })
    const api = await TestApi.open({ services: { blobs: { ...noBlobs, stat, sendTo } } })
    const client = await api.connect()
    await client.write(`GET /v2/foo/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`).until('\r\n\r\n')
    client.socket.resetAndDestroy()
    const told = () => api.lines.filter(({ level }) => level !== 'debug')
    await expect.poll(() => told().length).toBeGreaterThan(0)
    await api.close()
    expect(told()).toMatchObject([{ level: 'info', message: 'request served', fields: { status: 499 } }])
  })
})
