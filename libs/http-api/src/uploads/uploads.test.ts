import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { MemoryDriver } from '@berth/storage/memory'
import { KeyRing } from '@berth/uploads'
import { StoredBlobUploads } from '@berth/uploads/stored'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpApiServer } from '../http-api-server.ts'
import type { HttpApiSettings } from '../settings.ts'
import { testSettings } from '../test-settings.ts'

const hello = Buffer.from('hello world')
const digest = digestOf(hello)
const quiet = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }

/** A registry with nothing in it, and a client that pushes to foo/bar. */
async function serve(settings: Partial<HttpApiSettings> = {}, Uploads = StoredBlobUploads) {
  const storage = new MemoryDriver()
  const blobs = new StoredBlobs({ storage })
  const uploads = new Uploads({ storage, keys: new KeyRing({ signing: 'secret' }) })
  const server = new HttpApiServer({
    services: { blobs, uploads },
    settings: { ...testSettings, lingerTimeoutMs: 1, ...settings },
    log: quiet,
  })
  const { port } = (await server.listen({ port: 0, host: '127.0.0.1' })) as AddressInfo
  onTestFinished(async () => {
    await server.close(1000)
    await uploads.close()
  })
  const origin = `http://127.0.0.1:${port}`
  const send = (method: string, target: string | URL, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(target, origin), { method, ...init })
  const start = (query = ''): Promise<Response> => send('POST', `/v2/foo/bar/blobs/uploads/${query}`)
  const has = async (of: string, name = 'foo/bar'): Promise<boolean> =>
    (await send('HEAD', `/v2/${name}/blobs/${of}`)).status === 200
  return { send, start, has, blobs, origin }
}

function locationOf(response: Response, query: Record<string, string> = {}): URL {
  const url = new URL(response.headers.get('location') ?? '', response.url)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}

async function codes(response: Response): Promise<string[]> {
  const { errors } = (await response.json()) as { errors: { code: string }[] }
  return errors.map(({ code }) => code)
}

const ranged = (range: string, body: string): RequestInit => ({ headers: { 'Content-Range': range }, body })

describe('starting an upload', () => {
  it('answers with where it is, how far it is, and its id', async () => {
    const { start } = await serve()
    const response = await start()
    expect(response.status).toBe(202)
    expect(response.headers.get('range')).toBe('0-0')
    expect(response.headers.get('content-length')).toBe('0')
    expect(response.headers.get('docker-upload-uuid')).toBe(locationOf(response).pathname.split('/').at(-1))
    expect(response.headers.get('oci-chunk-min-length')).toBeNull()
  })

  it('asks for chunks of the configured size', async () => {
    const { start } = await serve({ chunkMinLength: 5_242_880 })
    expect((await start()).headers.get('oci-chunk-min-length')).toBe('5242880')
  })

  it('answers with a URL that is relative or absolute, as configured', async () => {
    const relative = await (await serve({ relativeUrls: true })).start()
    expect(relative.headers.get('location')).toMatch(/^\/v2\/foo\/bar\/blobs\/uploads\/[^/?]+\?_state=/)
    const absolute = await serve({ relativeUrls: false })
    expect((await absolute.start()).headers.get('location')).toContain(`${absolute.origin}/v2/foo/bar/blobs/uploads/`)
  })

  it('is no method of a read-only registry', async () => {
    const { start } = await serve({ isReadOnly: true })
    expect((await start()).status).toBe(405)
  })

  it('takes the algorithm of the digest that it will be completed with', async () => {
    const { send, start } = await serve()
    const sha512 = digestOf(hello, 'sha512')
    const patched = await send('PATCH', locationOf(await start('?digest-algorithm=sha512')), { body: hello })
    const put = await send('PUT', locationOf(patched, { digest: sha512 }))
    expect(put.status).toBe(201)
    expect(put.headers.get('docker-content-digest')).toBe(sha512)
  })

  it('refuses an algorithm that is not known', async () => {
    const { start } = await serve()
    const response = await start('?digest-algorithm=md5')
    expect(response.status).toBe(400)
    expect(await codes(response)).toEqual(['DIGEST_INVALID'])
  })

  it('reads nothing from a form', async () => {
    const { send } = await serve()
    const form = new URLSearchParams({ digest, mount: digest, from: 'other' })
    expect((await send('POST', '/v2/foo/bar/blobs/uploads/', { body: form })).status).toBe(202)
  })
})

describe('mounting a blob', () => {
  it.each([
    ['from where it is', { mount: digest, from: 'source' }, false, 201],
    ['from where it is not', { mount: digest, from: 'elsewhere' }, true, 202],
    ['that nobody has', { mount: digestOf('nobody'), from: 'source' }, true, 202],
    ['from anywhere', { mount: digest }, true, 201],
    ['from anywhere, where reading is restricted', { mount: digest }, false, 202],
    ['from a name of nothing', { mount: digest, from: '' }, false, 202],
    ['from what is no name', { mount: digest, from: 'NO NAME' }, true, 202],
    ['by what is no digest', { mount: 'sha256:abc', from: 'source' }, true, 202],
    ['without saying which', { from: 'source' }, true, 202],
  ])('%s', async (_, query, mountsWithoutFrom, status) => {
    const { start, has, blobs } = await serve({ mountsWithoutFrom })
    await blobs.put(parseRepositoryName('source'), hello)

    const response = await start(`?${new URLSearchParams(query as Record<string, string>).toString()}`)

    expect(response.status).toBe(status)
    expect(response.headers.get('content-length')).toBe('0')
    expect(await has(digest)).toBe(status === 201)
    expect(response.headers.has('docker-upload-uuid')).toBe(status === 202)
    expect(response.headers.get('docker-content-digest')).toBe(status === 201 ? digest : null)
  })
})

describe('a POST with a blob', () => {
  it('stores it at once', async () => {
    const { send, has } = await serve()
    const response = await send('POST', `/v2/foo/bar/blobs/uploads/?digest=${digest}`, { body: hello })
    expect(response.status).toBe(201)
    expect(locationOf(response).pathname).toBe(`/v2/foo/bar/blobs/${digest}`)
    expect(response.headers.get('docker-content-digest')).toBe(digest)
    expect(await has(digest)).toBe(true)
  })

  it('of another digest is refused', async () => {
    const { send, has } = await serve()
    const wrong = digestOf('another')
    const response = await send('POST', `/v2/foo/bar/blobs/uploads/?digest=${wrong}`, { body: hello })
    expect(response.status).toBe(400)
    expect(await codes(response)).toEqual(['DIGEST_INVALID'])
    expect(await has(wrong)).toBe(false)
  })

  it('that is cut off leaves no upload behind', async () => {
    const cancelled = Promise.withResolvers<void>()
    class WatchedUploads extends StoredBlobUploads {
      override async cancel(...args: Parameters<StoredBlobUploads['cancel']>) {
        await super.cancel(...args)
        cancelled.resolve()
      }
    }
    const { origin, has } = await serve({}, WatchedUploads)
    const headers = { 'Content-Length': '11' }
    const target = `${origin}/v2/foo/bar/blobs/uploads/?digest=${digest}`
    const outgoing = request(target, { method: 'POST', headers }).on('error', () => undefined)
    await new Promise((resolve) => outgoing.write('hello ', resolve))
    outgoing.destroy()

    await expect(cancelled.promise).resolves.toBeUndefined()
    expect(await has(digest)).toBe(false)
  })

  it('of what is no digest is refused', async () => {
    const { send } = await serve()
    const response = await send('POST', '/v2/foo/bar/blobs/uploads/?digest=sha256:abc', { body: hello })
    expect(response.status).toBe(400)
  })

  it('that has no bytes is stored', async () => {
    const { start, has } = await serve()
    expect((await start(`?digest=${digestOf('')}`)).status).toBe(201)
    expect(await has(digestOf(''))).toBe(true)
  })

  it('that did not come starts an upload', async () => {
    const { start } = await serve()
    expect((await start(`?digest=${digest}`)).status).toBe(202)
  })
})

describe('the status of an upload', () => {
  it.each(['GET', 'HEAD'])('is told to %s', async (method) => {
    const { send, start } = await serve()
    const started = await start()
    const none = await send(method, locationOf(started))
    expect(none.status).toBe(204)
    expect(none.headers.get('range')).toBe('0-0')
    expect(none.headers.get('docker-upload-uuid')).toBe(started.headers.get('docker-upload-uuid'))

    await send('PATCH', locationOf(started), { body: hello })
    const some = await send(method, locationOf(started))
    expect(some.headers.get('range')).toBe('0-10')
    expect((await send('PUT', locationOf(some, { digest }))).status).toBe(201)
  })

  it.each([
    ['of a forged token', '_state=forged', 'BLOB_UPLOAD_INVALID'],
    ['without a token', '', 'BLOB_UPLOAD_INVALID'],
  ])('%s is not told', async (_, query, code) => {
    const { send, start } = await serve()
    const { pathname } = locationOf(await start())
    const response = await send('GET', `${pathname}?${query}`)
    expect(response.status).toBe(404)
    expect(await codes(response)).toEqual([code])
  })

  it('is not told with the token of another upload, or in another repository', async () => {
    const { send, start } = await serve()
    const [one, other] = [locationOf(await start()), locationOf(await start())]
    expect((await send('GET', one.pathname + other.search)).status).toBe(404)
    expect((await send('GET', one.pathname.replace('foo/bar', 'foo/baz') + one.search)).status).toBe(404)
  })
})

describe('PATCH', () => {
  it('appends, and says how far that is', async () => {
    const { send, start } = await serve()
    const started = await start()
    const response = await send('PATCH', locationOf(started), { body: 'hello ' })
    expect(response.status).toBe(202)
    expect(response.headers.get('range')).toBe('0-5')
    expect(response.headers.get('content-length')).toBe('0')
    expect(response.headers.get('docker-upload-uuid')).toBe(started.headers.get('docker-upload-uuid'))
    expect(response.headers.get('location')).not.toBe(started.headers.get('location'))
  })

  it.each(['application/octet-stream', 'application/json', 'application/x-www-form-urlencoded', 'text/plain'])(
    'takes bytes for bytes, whether called %s',
    async (type) => {
      const { send, start, has } = await serve()
      const headers = { 'Content-Type': type }
      const patched = await send('PATCH', locationOf(await start()), { headers, body: hello })
      expect((await send('PUT', locationOf(patched, { digest }))).status).toBe(201)
      expect(await has(digest)).toBe(true)
    },
  )

  it.each(['0-5', 'bytes 0-5', 'bytes 0-5/11'])('takes %j for where the chunk goes', async (range) => {
    const { send, start } = await serve()
    const response = await send('PATCH', locationOf(await start()), ranged(range, 'hello '))
    expect(response.status).toBe(202)
    expect(response.headers.get('range')).toBe('0-5')
  })

  it.each([
    ['ahead of', '7-11'],
    ['before', '0-4'],
  ])('MUST be 416 %s where the upload stands, and says where that is', async (_, range) => {
    const { send, start } = await serve()
    const first = await send('PATCH', locationOf(await start()), { body: 'hello ' })

    const refused = await send('PATCH', locationOf(first), ranged(range, 'world'))

    expect(refused.status).toBe(416)
    expect(refused.headers.get('range')).toBe('0-5')
    expect(refused.headers.get('docker-upload-uuid')).toBe(first.headers.get('docker-upload-uuid'))
    expect(await codes(refused)).toEqual(['RANGE_INVALID'])
    expect((await send('PUT', locationOf(refused, { digest }), { body: 'world' })).status).toBe(201)
  })

  it('with a stale token is 416, and the fresh one continues', async () => {
    const { send, start } = await serve()
    const started = await start()
    await send('PATCH', locationOf(started), { body: 'hello ' })
    const refused = await send('PATCH', locationOf(started), { body: 'hello ' })
    expect(refused.status).toBe(416)
    const second = await send('PATCH', locationOf(refused), { body: 'world' })
    expect(second.headers.get('range')).toBe('0-10')
  })

  it.each(['5-2', 'junk', '-5', 'bytes */11'])(
    'refuses %j as a range, and says where the upload stands',
    async (range) => {
      const { send, start } = await serve()
      const refused = await send('PATCH', locationOf(await start()), ranged(range, 'hello'))
      expect(refused.status).toBe(416)
      expect(refused.headers.get('range')).toBe('0-0')
      expect((await send('PATCH', locationOf(refused), { body: hello })).status).toBe(202)
    },
  )

  it('refuses a chunk that is not as long as its range', async () => {
    const { send, start } = await serve()
    const started = await start()
    const refused = await send('PATCH', locationOf(started), ranged('0-20', 'hello'))
    expect(refused.status).toBe(400)
    expect(await codes(refused)).toEqual(['SIZE_INVALID'])
    expect((await send('GET', locationOf(started))).headers.get('range')).toBe('0-0')
  })

  it.each([
    ['with its length', hello.subarray(0, 5)],
    ['in pieces of unknown size', new Blob(['hello']).stream()],
  ])('takes a chunk whose range counts its end exclusively (%s)', async (_, content) => {
    const { send, start, has } = await serve()
    const init: RequestInit = { headers: { 'Content-Range': '0-5' }, body: content, duplex: 'half' }
    const patched = await send('PATCH', locationOf(await start()), init)
    expect(patched.status).toBe(202)
    expect(patched.headers.get('range')).toBe('0-4')
    expect((await send('PUT', locationOf(patched, { digest }), ranged('5-11', ' world'))).status).toBe(201)
    expect(await has(digest)).toBe(true)
  })

  it.each(['0-6', '0-3'])('refuses 5 bytes of unknown size whose range is %s', async (range) => {
    const { send, start } = await serve()
    const started = await start()
    const body = new Blob(['hello']).stream()
    const init: RequestInit = { headers: { 'Content-Range': range }, body, duplex: 'half' }
    const refused = await send('PATCH', locationOf(started), init)
    expect(refused.status).toBe(400)
    expect(await codes(refused)).toEqual(['SIZE_INVALID'])
    expect((await send('GET', locationOf(started))).headers.get('range')).toBe('0-0')
  })

  it('of an upload that is gone is 404, also where it does not start where that stood', async () => {
    const { send, start } = await serve()
    const started = await start()
    await send('DELETE', locationOf(started))
    for (const init of [{ body: 'x' }, ranged('5-5', 'x'), ranged('junk', 'x')]) {
      const response = await send('PATCH', locationOf(started), init)
      expect(response.status).toBe(404)
      expect(await codes(response)).toEqual(['BLOB_UPLOAD_UNKNOWN'])
    }
  })

  it('that is cut off keeps what came', async () => {
    const { send, start } = await serve()
    const started = await start()
    const headers = { 'Content-Length': '11' }
    const outgoing = request(locationOf(started), { method: 'PATCH', headers }).on('error', () => undefined)
    await new Promise((resolve) => outgoing.write('hello ', resolve))
    outgoing.destroy()

    let status = await send('GET', locationOf(started))
    while (status.headers.get('range') === '0-0') status = await send('GET', locationOf(started))

    expect(status.headers.get('range')).toBe('0-5')
    expect((await send('PUT', locationOf(status, { digest }), { body: 'world' })).status).toBe(201)
  })
})

describe('PUT', () => {
  it('takes a whole blob', async () => {
    const { send, start, has } = await serve()
    const response = await send('PUT', locationOf(await start(), { digest }), { body: hello })
    expect(response.status).toBe(201)
    expect(locationOf(response).pathname).toBe(`/v2/foo/bar/blobs/${digest}`)
    expect(response.headers.get('docker-content-digest')).toBe(digest)
    expect(response.headers.get('content-length')).toBe('0')
    expect(await has(digest)).toBe(true)
  })

  it('takes a whole blob whose range counts its end exclusively', async () => {
    const { send, start, has } = await serve()
    expect((await send('PUT', locationOf(await start(), { digest }), ranged('0-11', 'hello world'))).status).toBe(201)
    expect(await has(digest)).toBe(true)
  })

  it.each([
    ['the empty blob', Buffer.alloc(0)],
    ['an empty tar', Buffer.alloc(1024)],
  ])('takes %s', async (_, bytes) => {
    const { send, start, has } = await serve()
    const put = await send('PUT', locationOf(await start(), { digest: digestOf(bytes) }), { body: bytes })
    expect(put.status).toBe(201)
    expect(await has(digestOf(bytes))).toBe(true)
  })

  it.each([
    ['a last chunk', { body: 'world' }],
    ['a last chunk with its range', ranged('6-10', 'world')],
    ['a last chunk whose range counts its end exclusively', ranged('6-11', 'world')],
  ])('takes %s', async (_, init) => {
    const { send, start, has } = await serve()
    const patched = await send('PATCH', locationOf(await start()), ranged('0-5', 'hello '))
    expect((await send('PUT', locationOf(patched, { digest }), init)).status).toBe(201)
    expect(await has(digest)).toBe(true)
  })

  it('MUST be 416 where its chunk is out of order, and says where the upload stands', async () => {
    const { send, start } = await serve()
    const patched = await send('PATCH', locationOf(await start()), { body: 'hello ' })
    const refused = await send('PUT', locationOf(patched, { digest }), ranged('7-11', 'world'))
    expect(refused.status).toBe(416)
    expect(refused.headers.get('range')).toBe('0-5')
    expect((await send('PUT', locationOf(refused, { digest }), { body: 'world' })).status).toBe(201)
  })

  it('without a body takes no notice of a range', async () => {
    const { send, start } = await serve()
    const patched = await send('PATCH', locationOf(await start()), { body: hello })
    const put = await send('PUT', locationOf(patched, { digest }), { headers: { 'Content-Range': '11-11' } })
    expect(put.status).toBe(201)
  })

  it.each([
    ['none', ''],
    ['an empty one', '&digest='],
    ['an unknown algorithm', '&digest=sha257:abc'],
    ['a malformed one', '&digest=sha256:abc'],
  ])('with a digest that is %s is refused, and leaves the upload', async (_, query) => {
    const { send, start } = await serve()
    const patched = await send('PATCH', locationOf(await start()), { body: hello })
    const refused = await send('PUT', `${locationOf(patched).href}${query}`)
    expect(refused.status).toBe(400)
    expect(await codes(refused)).toEqual(['DIGEST_INVALID'])
    expect((await send('PUT', locationOf(patched, { digest }))).status).toBe(201)
  })

  it.each([
    ['a whole blob', '', 'hello world'],
    ['a last chunk', 'hello ', 'world'],
    ['no body', 'hello world', ''],
  ])(
    'of %s with the digest of something else is refused, and may be repeated with its own',
    async (_, before, body) => {
      const { send, start, has } = await serve()
      const wrong = digestOf('another')
      const patched = await send('PATCH', locationOf(await start()), { body: before })
      const refused = await send('PUT', locationOf(patched, { digest: wrong }), { body })
      expect(refused.status).toBe(400)
      expect(await codes(refused)).toEqual(['DIGEST_INVALID'])
      expect([await has(wrong), await has(digest)]).toEqual([false, false])
      const range = (await send('GET', locationOf(patched))).headers.get('range')
      expect(range).toBe(patched.headers.get('range'))
      expect((await send('PUT', locationOf(patched, { digest }), { body })).status).toBe(201)
      expect(await has(digest)).toBe(true)
    },
  )

  it('may be repeated', async () => {
    const { send, start } = await serve()
    const started = await start()
    for (let time = 0; time < 2; time++)
      expect((await send('PUT', locationOf(started, { digest }), { body: hello })).status).toBe(201)
  })
})

describe('DELETE', () => {
  it('ends an upload', async () => {
    const { send, start } = await serve()
    const started = await start()
    const response = await send('DELETE', locationOf(started))
    expect(response.status).toBe(204)
    expect(response.headers.get('docker-upload-uuid')).toBe(started.headers.get('docker-upload-uuid'))
    expect((await send('GET', locationOf(started))).status).toBe(404)
    expect((await send('DELETE', locationOf(started))).status).toBe(404)
  })
})

describe('Expect: 100-continue', () => {
  async function expecting(
    target: URL,
    more: Record<string, string> = {},
  ): Promise<{ status: number | undefined; continued: boolean }> {
    const headers = { Expect: '100-continue', 'Content-Length': '11', ...more }
    const outgoing = request(target, { method: 'PUT', headers }).on('error', () => undefined)
    let continued = false
    outgoing.on('continue', () => {
      continued = true
      outgoing.end(hello)
    })
    outgoing.flushHeaders()
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    incoming.resume()
    outgoing.destroy()
    return { status: incoming.statusCode, continued }
  }

  it('is answered once the request has passed the checks', async () => {
    const { start } = await serve()
    expect(await expecting(locationOf(await start(), { digest }))).toEqual({ status: 201, continued: true })
  })

  it.each([
    ['a digest that is none', { digest: 'sha256:abc' }, 400],
    ['a forged token', { digest, _state: 'forged' }, 404],
  ])('is not answered for %s', async (_, query, status) => {
    const { start } = await serve()
    expect(await expecting(locationOf(await start(), query))).toEqual({ status, continued: false })
  })

  it.each([
    ['is not as long as its range', '0-20', 400],
    ['does not start where the upload stands', '5-15', 416],
  ])('is not answered for a chunk that %s', async (_, range, status) => {
    const { start } = await serve()
    const target = locationOf(await start(), { digest })
    expect(await expecting(target, { 'Content-Range': range })).toEqual({ status, continued: false })
  })
})
