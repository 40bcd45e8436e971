import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StoredBlobs } from '@berth/blobs/stored'
import { type Digest, digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { layout } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpApiServer } from '../http-api-server.ts'
import type { HttpApiSettings } from '../settings.ts'
import { testSettings } from '../test-settings.ts'

const repository = parseRepositoryName('foo/bar')
const hello = Buffer.from('hello world')
const digest = digestOf(hello)
const etag = `"${digest}"`
const quiet = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }

/** A registry that has `hello world` in foo/bar, and a client of it. */
async function serve(settings: Partial<HttpApiSettings> = {}, Blobs = StoredBlobs) {
  const storage = new MemoryDriver()
  const blobs = new Blobs({ storage })
  await blobs.put(repository, hello)
  const server = new HttpApiServer({
    services: { blobs },
    settings: { ...testSettings, lingerTimeoutMs: 1, ...settings },
    log: quiet,
  })
  const { port } = (await server.listen({ port: 0, host: '127.0.0.1' })) as AddressInfo
  onTestFinished(() => server.close(1000))
  const url = (of: string, name: string = repository): string => `http://127.0.0.1:${port}/v2/${name}/blobs/${of}`
  const ask = (method: string, headers: Record<string, string> = {}, of: string = digest): Promise<Response> =>
    fetch(url(of), { method, headers })
  return { ask, url, blobs, storage }
}

async function codes(response: Response): Promise<string[]> {
  const { errors } = (await response.json()) as { errors: { code: string }[] }
  return errors.map(({ code }) => code)
}

describe('a blob', () => {
  it.each(['GET', 'HEAD'])('is described by the headers of %s', async (method) => {
    const { ask } = await serve()
    const response = await ask(method)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'max-age=31536000',
      'content-length': '11',
      'content-type': 'application/octet-stream',
      'docker-content-digest': digest,
      'docker-distribution-api-version': 'registry/2.0',
      etag,
    })
    expect(await response.text()).toBe(method === 'GET' ? 'hello world' : '')
  })

  it('of no bytes has a length of 0', async () => {
    const { ask, blobs } = await serve()
    await blobs.put(repository, new Uint8Array())
    const response = await ask('GET', {}, digestOf(''))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('0')
    expect(await response.text()).toBe('')
  })

  it.each(['GET', 'DELETE'])('that is not there is unknown to %s', async (method) => {
    const { ask } = await serve({ deletesAllowed: true })
    const response = await ask(method, {}, digestOf('something else'))
    expect(response.status).toBe(404)
    expect(await codes(response)).toEqual(['BLOB_UNKNOWN'])
  })

  it('that is not there is unknown to HEAD, without a body', async () => {
    const { ask } = await serve()
    const response = await ask('HEAD', {}, digestOf('something else'))
    expect(response.status).toBe(404)
    expect(await response.text()).toBe('')
  })

  it('of another repository is unknown', async () => {
    const { url } = await serve()
    expect((await fetch(url(digest, 'other'))).status).toBe(404)
  })

  it.each(['sha257:abc', 'sha256:abc', `sha256:${'A'.repeat(64)}`, 'nonsense'])('cannot be %s', async (text) => {
    const { ask } = await serve({ deletesAllowed: true })
    for (const method of ['GET', 'DELETE']) {
      const response = await ask(method, {}, text)
      expect(response.status).toBe(400)
      expect(await codes(response)).toEqual(['DIGEST_INVALID'])
    }
  })

  it('whose content is gone when it is to be sent is unknown, and the answer is about nothing else', async () => {
    class VanishingBlobs extends StoredBlobs {
      override async stat(...args: Parameters<StoredBlobs['stat']>) {
        const descriptor = await super.stat(...args)
        await storage.delete(layout.blobDataPath(digest))
        return descriptor
      }
    }
    const { ask, storage } = await serve({}, VanishingBlobs)

    const response = await ask('GET')

    expect(response.status).toBe(404)
    expect(await codes(response)).toEqual(['BLOB_UNKNOWN'])
    for (const name of ['etag', 'cache-control', 'docker-content-digest']) expect(response.headers.get(name)).toBeNull()
  })
})

describe('a range of a blob', () => {
  it.each([
    ['bytes=0-4', 'bytes 0-4/11', 'hello'],
    ['bytes=6-', 'bytes 6-10/11', 'world'],
    ['bytes=-5', 'bytes 6-10/11', 'world'],
    ['bytes=0-100', 'bytes 0-10/11', 'hello world'],
    ['bytes=0-4,100-', 'bytes 0-4/11', 'hello'],
  ])('%s is partial content', async (range, contentRange, text) => {
    const { ask } = await serve()
    const response = await ask('GET', { Range: range })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(response.headers.get('content-length')).toBe(String(text.length))
    expect(response.headers.get('docker-content-digest')).toBe(digest)
    expect(await response.text()).toBe(text)
  })

  it.each(['bytes=100-', 'bytes=5-2', 'junk'])('%s is refused, with an answer of its own length', async (range) => {
    const { ask } = await serve()
    const response = await ask('GET', { Range: range })
    const body = await response.text()
    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe('bytes */11')
    expect(response.headers.get('content-length')).toBe(String(body.length))
    expect(body).toContain('RANGE_INVALID')
    expect(response.headers.get('etag')).toBeNull()
  })

  it('means nothing to HEAD, nor in another unit', async () => {
    const { ask } = await serve()
    expect((await ask('HEAD', { Range: 'bytes=0-4' })).status).toBe(200)
    expect((await ask('GET', { Range: 'lines=0-4' })).status).toBe(200)
  })

  it('among several is a part of its own, and the length of all is told', async () => {
    const { ask } = await serve()
    const response = await ask('GET', { Range: 'bytes=6-8,0-1' })
    const body = await response.text()
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBeNull()
    expect(response.headers.get('content-length')).toBe(String(body.length))
    const boundary = response.headers.get('content-type')?.replace('multipart/byteranges; boundary=', '')
    const head = 'Content-Type: application/octet-stream\r\nContent-Range: bytes'
    expect(body).toBe(
      `--${boundary}\r\n${head} 6-8/11\r\n\r\nwor\r\n--${boundary}\r\n${head} 0-1/11\r\n\r\nhe\r\n--${boundary}--\r\n`,
    )
  })

  it('is whole where the parts would be more than that', async () => {
    const { ask } = await serve()
    const response = await ask('GET', { Range: 'bytes=0-,0-,0-' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('hello world')
  })
})

describe('a condition', () => {
  it.each([etag, `W/${etag}`, '*', `"x", ${etag}`])('If-None-Match: %s finds it not modified', async (value) => {
    const { ask } = await serve()
    for (const method of ['GET', 'HEAD']) {
      const response = await ask(method, { 'If-None-Match': value })
      expect(response.status).toBe(304)
      expect(response.headers.get('etag')).toBe(etag)
      expect(response.headers.get('cache-control')).toBe('max-age=31536000')
      expect(response.headers.get('docker-content-digest')).toBe(digest)
      expect(await response.text()).toBe('')
    }
  })

  it.each([digest, '"x"', ''])('If-None-Match: %j finds it as it is', async (value) => {
    const { ask } = await serve()
    expect((await ask('GET', { 'If-None-Match': value })).status).toBe(200)
  })

  it('If-Match of something else fails, with a length of 0', async () => {
    const { ask } = await serve()
    const response = await ask('GET', { 'If-Match': '"x"' })
    expect(response.status).toBe(412)
    expect(response.headers.get('content-length')).toBe('0')
    expect((await ask('GET', { 'If-Match': etag })).status).toBe(200)
  })

  it('If-Range decides whether a range counts', async () => {
    const { ask } = await serve()
    expect((await ask('GET', { Range: 'bytes=0-4', 'If-Range': '"x"' })).status).toBe(200)
    expect((await ask('GET', { Range: 'bytes=0-4', 'If-Range': etag })).status).toBe(206)
  })
})

describe('deleting a blob', () => {
  it('removes it from this repository alone, and it can be put there again', async () => {
    const { ask, url, blobs } = await serve({ deletesAllowed: true })
    const other = parseRepositoryName('other')
    await blobs.mount(other, digest, repository)

    const response = await ask('DELETE')

    expect(response.status).toBe(202)
    expect(response.headers.get('content-length')).toBe('0')
    expect((await ask('HEAD')).status).toBe(404)
    expect((await ask('DELETE')).status).toBe(404)
    expect((await fetch(url(digest, 'other'))).status).toBe(200)
    await blobs.put(repository, hello)
    expect((await ask('HEAD')).status).toBe(200)
  })

  it('is unsupported where the configuration does not allow it', async () => {
    const { ask } = await serve({ deletesAllowed: false })
    const response = await ask('DELETE')
    expect(response.status).toBe(405)
    expect(await codes(response)).toEqual(['UNSUPPORTED'])
    expect((await ask('HEAD')).status).toBe(200)
  })

  it('is no method of a read-only registry', async () => {
    const { ask } = await serve({ deletesAllowed: true, isReadOnly: true })
    const response = await ask('DELETE')
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
  })
})

describe('a client that hangs up', () => {
  it('while it is sent a large blob stops the sending, and harms nobody', async () => {
    const ended = Promise.withResolvers<unknown>()
    class WatchedBlobs extends StoredBlobs {
      override async sendTo(...args: Parameters<StoredBlobs['sendTo']>) {
        const sending = super.sendTo(...args)
        sending.then(() => ended.resolve(undefined), ended.resolve)
        return sending
      }
    }
    const { url, blobs, ask } = await serve({}, WatchedBlobs)
    const { digest: largeDigest } = await blobs.put(repository, Buffer.alloc(64 * 1024 * 1024))

    const outgoing = request(url(largeDigest)).end()
    const [incoming] = await once(outgoing, 'response')
    await once(incoming, 'data')
    outgoing.destroy()

    expect(await ended.promise).toBeInstanceOf(Error)
    expect((await ask('GET')).status).toBe(200)
  })
})

it('a blob by an alias answers with the digest that was asked for', async () => {
  const { ask, storage } = await serve()
  const alias = digestOf(hello, 'sha512')
  await storage.put(layout.layerLinkPath(repository, alias), layout.formatLink(digest))
  const response = await ask('GET', {}, alias satisfies Digest)
  expect(response.headers.get('docker-content-digest')).toBe(alias)
  expect(await response.text()).toBe('hello world')
})
