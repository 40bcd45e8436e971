import type { AddressInfo } from 'node:net'
import { StoredBlobs } from '@berth/blobs/stored'
import { type Digest, digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import type { RedirectingDriver } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpApiServer } from '../http-api-server.ts'
import type { HttpApiSettings } from '../settings.ts'
import { testSettings } from '../test-settings.ts'

const repository = parseRepositoryName('foo/bar')
const hello = Buffer.from('hello world')
const digest = digestOf(hello)
const quiet = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }
const lifetimeMs = 60_000

/** A store that clients can be sent to. */
class RedirectingMemory extends MemoryDriver implements RedirectingDriver {
  async redirectUrl(path: string, ms: number): Promise<string> {
    return `https://store.example${path}?ms=${ms}`
  }
}

/** A registry that has `hello world` in foo/bar, and a client of it that follows nothing. */
async function serve(settings: Partial<HttpApiSettings> = {}, redirectLifetimeMs: number | undefined = lifetimeMs) {
  const storage = new RedirectingMemory()
  const blobs = new StoredBlobs({ storage, ...(redirectLifetimeMs !== 0 && { redirectLifetimeMs }) })
  await blobs.put(repository, hello)
  const server = new HttpApiServer({ services: { blobs }, settings: { ...testSettings, ...settings }, log: quiet })
  const { port } = (await server.listen({ port: 0, host: '127.0.0.1' })) as AddressInfo
  onTestFinished(() => server.close(1000))
  return (method: string, headers: Record<string, string> = {}, of: Digest = digest) =>
    fetch(`http://127.0.0.1:${port}/v2/${repository}/blobs/${of}`, { method, headers, redirect: 'manual' })
}

const path = `/docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data`

describe('a blob in a store that clients can be sent to', () => {
  it.each([[{}], [{ Range: 'bytes=0-4' }]])('is where GET is sent, with %j', async (headers) => {
    const ask = await serve()
    const response = await ask('GET', headers)
    expect(response.status).toBe(307)
    expect(response.headers.get('location')).toBe(`https://store.example${path}?ms=60000`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe('')
  })

  it('is told of by HEAD, and by a condition, as ever', async () => {
    const ask = await serve()
    const head = await ask('HEAD')
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '11'])
    expect((await ask('GET', { 'If-None-Match': `"${digest}"` })).status).toBe(304)
  })

  it('is served to who asks for several ranges, since a store serves only one', async () => {
    const ask = await serve()
    const response = await ask('GET', { Range: 'bytes=0-1,6-7' })
    expect(response.status).toBe(206)
    expect(await response.text()).toContain('Content-Range: bytes 6-7/11')
  })

  it('is unknown where it is not there', async () => {
    const ask = await serve()
    expect((await ask('GET', {}, digestOf('something else'))).status).toBe(404)
  })

  it('is served to clients of the networks that are excepted, and to all where nobody is to be sent away', async () => {
    const except = [{ address: '127.0.0.0', prefix: 8, family: 'ipv4' }] as const
    for (const ask of [await serve({ redirectExcept: except }), await serve({}, 0)]) {
      const response = await ask('GET')
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('hello world')
    }
  })

  it('is where those are sent whom a trusted proxy tells of, wherever the proxy is', async () => {
    const loopback = [{ address: '127.0.0.1', prefix: 32, family: 'ipv4' }] as const
    const ask = await serve({ redirectExcept: loopback, trustedProxies: loopback })
    expect((await ask('GET', { 'X-Forwarded-For': '192.0.2.7' })).status).toBe(307)
    expect((await ask('GET')).status).toBe(200)
  })
})
