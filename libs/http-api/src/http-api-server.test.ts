import type { Catalog, Manifests, Referrers, Tags } from '@berth/manifests'
import type { Tag } from '@berth/reference'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type HttpApiOptions, HttpApiServer } from './http-api-server.ts'
import type { HttpApiSettings } from './settings.ts'
import { testSettings } from './test-settings.ts'
import { TestApi } from './test-api.ts'

const tags: Tags = {
  list: async () => ({ entries: ['latest' as Tag], hasMore: false }),
  delete: async () => undefined,
}
const unused = () => Promise.reject(new Error('not to be called here'))
const manifests: Manifests = { get: unused, put: unused, delete: unused }
const catalog: Catalog = { list: unused }
const referrers: Referrers = { list: unused }

async function serve(settings: Partial<HttpApiSettings> = {}, options: Partial<HttpApiOptions> = {}): Promise<TestApi> {
  const api = await TestApi.open({ services: { tags, manifests, catalog, referrers }, settings, ...options })
  onTestFinished(() => api.close())
  return api
}

function codesOf({ text }: { text: string }): string[] {
  return (JSON.parse(text) as { errors: { code: string }[] }).errors.map(({ code }) => code)
}

describe('the base of the API', () => {
  it('says that this is a registry', async () => {
    const api = await serve({ headers: { 'X-Content-Type-Options': ['nosniff'] } })
    const { status, headers, text } = await api.send('GET', '/v2/')
    expect([status, text]).toEqual([200, '{}'])
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '2',
      'docker-distribution-api-version': 'registry/2.0',
      'x-content-type-options': 'nosniff',
    })
    expect(headers).not.toHaveProperty('x-powered-by')
    expect(headers).not.toHaveProperty('etag')
  })

  it('lies below the configured prefix', async () => {
    const api = await serve({ prefix: '/test/' })
    expect(await api.send('GET', '/test/v2/')).toMatchObject({ status: 200, text: '{}' })
    expect(await api.send('GET', '/v2/')).toMatchObject({ status: 404 })
  })

  it.each(['OPTIONS', 'POST', 'DELETE'])('can be asked by %s, too', async (method) => {
    expect(await (await serve()).send(method, '/v2/')).toMatchObject({ status: 200, text: '{}' })
  })
})

it('the root is alive, and nothing else', async () => {
  const api = await serve()
  expect(await api.send('GET', '/')).toMatchObject({
    status: 200,
    text: '',
    headers: { 'cache-control': 'no-cache', 'content-length': '0' },
  })
})

describe('a path', () => {
  it.each([
    ['/v2', '/v2/'],
    ['/v2?n=1', '/v2/?n=1'],
    ['/v2/foo/tags/list/?n=1', '/v2/foo/tags/list?n=1'],
    ['/v2/_catalog/', '/v2/_catalog'],
    ['/v2/foo//bar/tags/list?n=1', '/v2/foo/bar/tags/list?n=1'],
    ['//v2/', '/v2/'],
    ['//evil.example.com/v2/', '/evil.example.com/v2/'],
  ])('%s moved to %s', async (path, location) => {
    expect(await (await serve()).send('GET', path)).toMatchObject({ status: 301, headers: { location }, text: '' })
  })

  it.each([
    '/v2/foo/../bar/tags/list',
    '/v2/./foo/tags/list',
    '/v2/foo/tags/list/..',
    '/v2//../x',
    '/nothing',
    '/v2/foo/bar/uploads/totalandcompletejunk++$$-==',
    '/v2/foo/blobs/',
    '/v3/',
    String.raw`/\evil.example.com//`,
  ])('%s is nowhere', async (path) => {
    const api = await serve({ headers: { 'X-Configured': ['1'] } })
    const { status, headers, text } = await api.send('GET', path)
    expect([status, text]).toEqual([404, '404 page not found\n'])
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'docker-distribution-api-version': 'registry/2.0',
    })
    expect(headers['x-request-id']).toBeTypeOf('string')
  })

  it.each([
    ['/v2/FOO/tags/list', 'FOO'],
    ['/v2/foo%zz/tags/list', '/v2/foo%zz/tags/list'],
    ['/v2/foo/manifests/%', '/v2/foo/manifests/%'],
    ['/v2/foo%2F..%2Fbar/tags/list', 'foo/../bar'],
    ['/v2/%2e%2e/tags/list', '..'],
    ['/v2/foo%00/tags/list', 'foo\u0000'],
    ['/v2/.foo/tags/list', '.foo'],
    [`/v2/${'a'.repeat(256)}/tags/list`, 'a'.repeat(256)],
    ['/v2/foo%ff/tags/list', '/v2/foo%ff/tags/list'],
  ])('%s has no valid name', async (path, name) => {
    const answer = await (await serve()).send('GET', path)
    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['NAME_INVALID'])
    expect(answer.text).toContain(JSON.stringify(name))
  })

  it('is decoded once', async () => {
    const { text } = await (await serve()).send('GET', '/v2/foo%2Fbar/tags/list')
    expect(JSON.parse(text)).toEqual({ name: 'foo/bar', tags: ['latest'] })
  })

  it('may be a whole URL, as proxies are asked', async () => {
    const api = await serve()
    const connection = await api.connect()
    connection.write('GET http://registry.example.com/v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 200 [^]*\{\}$/)
  })

  it.each(['*', 'http://[::1/v2/', '/v2/#/x'])('%s breaks nothing', async (target) => {
    const connection = await (await serve()).connect()
    connection.write(`OPTIONS ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 [234]/)
  })
})

describe('a method', () => {
  it.each([
    ['PATCH', '/v2/foo/manifests/latest', 'DELETE, GET, HEAD, PUT'],
    ['PROPFIND', '/v2/foo/manifests/latest', 'DELETE, GET, HEAD, PUT'],
    ['POST', '/v2/_catalog', 'GET'],
    ['DELETE', '/v2/foo/tags/list', 'GET'],
  ])('%s that %s does not have is refused with those that it has', async (method, path, allow) => {
    expect(await (await serve()).send(method, path)).toMatchObject({
      status: 405,
      headers: { allow, 'content-type': 'text/plain; charset=utf-8' },
      text: 'Method not allowed\n',
    })
  })

  it('is refused after the name', async () => {
    expect(await (await serve()).send('PATCH', '/v2/FOO/manifests/latest')).toMatchObject({ status: 400 })
  })

  it('OPTIONS is told all of them', async () => {
    expect(await (await serve()).send('OPTIONS', '/v2/foo/manifests/latest')).toMatchObject({
      status: 200,
      headers: { allow: 'DELETE, GET, HEAD, PUT' },
      text: '',
    })
  })

  it.each(['PUT', 'DELETE'])('%s is not there in a read-only registry', async (method) => {
    const api = await serve({ isReadOnly: true })
    expect(await api.send(method, '/v2/foo/manifests/latest')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
  })
})

describe('a response', () => {
  it('has the configured headers on every route, unless its own say otherwise', async () => {
    const api = await serve({ headers: { 'X-Two': ['a', 'b'], 'content-type': ['text/html'] } })
    const connection = await api.connect()
    connection.write('GET /v2/FOO/tags/list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const head = (await connection.ended()).split('\r\n')
    expect(head.filter((line) => /^(?:x-two|content-type):/i.test(line))).toEqual([
      'Content-Type: application/json',
      'X-Two: a',
      'X-Two: b',
    ])
  })

  it('cannot be given headers that break every one', () => {
    const { services, log } = { services: {}, log: { ...console, isLevelEnabled: () => false } }
    const configure = (headers: Record<string, string[]>) =>
      new HttpApiServer({ services, log, settings: { ...testSettings, headers } })
    expect(() => configure({ 'X Y': ['a'] })).toThrow('valid HTTP token')
    expect(() => configure({ X: ['a\r\nEvil: b'] })).toThrow('Invalid character')
  })

  it('has an id of its own', async () => {
    const api = await serve()
    const ids = [await api.send('GET', '/v2/'), await api.send('GET', '/x')].map(
      ({ headers }) => headers['x-request-id'],
    )
    expect(new Set(ids).size).toBe(2)
  })

  it('to HEAD has no body, also where it is a refusal', async () => {
    const connection = await (await serve()).connect()
    connection.write('HEAD /v2/FOO/manifests/latest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 400 [^]*\r\n\r\n$/)
  })
})

describe('while a health check fails', () => {
  it.each(['/v2/', '/v2/foo/tags/list', '/'])('%s is unavailable', async (path) => {
    const api = await serve({}, { isHealthy: () => false })
    const answer = await api.send('GET', path)
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(codesOf(answer)).toEqual(['UNAVAILABLE'])
    expect(answer.text).toContain('health check failed: please see /debug/health')
  })
})

describe('a failure that is no fault of the client', () => {
  const broken = { list: () => Promise.reject(new Error('secret detail')) }

  it('is answered with nothing but an id, which finds the line in the log', async () => {
    const api = await serve({}, { services: { catalog: broken } })
    const answer = await api.send('GET', '/v2/_catalog')
    expect(answer.status).toBe(500)
    expect(answer.text).toBe('{"errors":[{"code":"UNKNOWN","message":"unknown error"}]}\n')
    const line = api.lines.find(({ level }) => level === 'error')
    expect(line).toMatchObject({ message: 'request failed', fields: { requestId: answer.headers['x-request-id'] } })
    expect(line?.fields['err']).toMatchObject({ message: 'secret detail' })
  })

  it('after the head is out ends the connection, and nothing is sent twice', async () => {
    const tooLate: Manifests = { ...manifests, get: unused }
    const api = await serve({}, { services: { manifests: tooLate, tags } })
    api.server.app.response.end = function () {
      throw new Error('no end')
    }
    const connection = await api.connect()
    connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await connection.ended()).match(/HTTP\/1.1/g) ?? []).toHaveLength(0)
    expect(api.lines.map(({ level }) => level)).toContain('error')
  })
})
