import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import { mediaTypes } from '@berth/manifest'
import { openManifests } from '@berth/manifests/stored'
import { parseRepositoryName } from '@berth/reference'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { HttpApiSettings } from '../settings.ts'
import { TestApi } from '../test-api.ts'

const repository = parseRepositoryName('foo/bar')
const config = Buffer.from('{}')
const unknown = digestOf('nowhere')
const any = { urls: { allow: [], deny: [] }, references: 'all', indexes: 'all', classes: [] } as const

/** An OCI image of nothing but a config, different for each `salt`. */
function imageOf(salt: string, fields: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.byteLength },
    layers: [],
    annotations: { salt },
    ...fields,
  })
}

function dockerImageOf(salt: string): string {
  const { annotations: _, ...image } = JSON.parse(imageOf(salt)) as Record<string, unknown>
  return JSON.stringify({ ...image, mediaType: mediaTypes.schema2, salt })
}

/** A list, or an index, of manifests by their platforms. */
function listOf(mediaType: string, children: readonly [content: string, os: string, architecture: string][]): string {
  const manifests = children.map(([content, os, architecture]) => ({
    mediaType: (JSON.parse(content) as { mediaType: string }).mediaType,
    digest: digestOf(content),
    size: Buffer.byteLength(content),
    platform: { os, architecture },
  }))
  return JSON.stringify({ schemaVersion: 2, mediaType, manifests })
}

async function serve(settings: Partial<HttpApiSettings> = {}) {
  const storage = new MemoryDriver()
  const blobs = new StoredBlobs({ storage })
  await blobs.put(repository, config)
  const { manifests, tags, referrers } = openManifests({ storage, blobs, policy: any, isExclusive: true })
  const api = await TestApi.open({
    services: { manifests, tags, referrers },
    settings: { deletesAllowed: true, ...settings },
  })
  onTestFinished(() => api.close())
  const ask = (method: string, reference: string, headers: Record<string, string | string[]> = {}) =>
    api.send(method, `/v2/${repository}/manifests/${reference}`, { headers })
  const put = (reference: string, body: string | Uint8Array, contentType?: string) =>
    api.send('PUT', `/v2/${repository}/manifests/${reference}`, {
      body,
      headers: contentType === undefined ? {} : { 'Content-Type': contentType },
    })
  const push = (reference: string, content: string) =>
    put(reference, content, (JSON.parse(content) as { mediaType: string }).mediaType)
  return { api, ask, put, push }
}

function faultsOf({ text }: { text: string }): { code: string; detail?: unknown }[] {
  return (JSON.parse(text) as { errors: { code: string; detail?: unknown }[] }).errors
}

describe('pushing a descriptor without a size', () => {
  it('is accepted, and a Warning tells of it', async () => {
    const { push } = await serve()
    const sizeless = { mediaType: mediaTypes.ociConfig, digest: digestOf(config) }
    const { status, headers } = await push('latest', imageOf('a', { config: sizeless }))
    expect([status, headers.warning]).toEqual([
      201,
      '299 - "descriptors should have a size, and it is missing in config: taken as 0"',
    ])
    expect((await push('latest', imageOf('b'))).headers.warning).toBeUndefined()
  })
})

describe('pulling', () => {
  it.each(['GET', 'HEAD'])('with %s gives the bytes that were pushed, and says which they are', async (method) => {
    const { ask, push } = await serve()
    const content = ` ${imageOf('a')}\n`
    const digest = digestOf(content)
    await push('latest', content)
    for (const reference of ['latest', digest]) {
      const { status, headers, text } = await ask(method, reference)
      expect(status).toBe(200)
      expect(text).toBe(method === 'GET' ? content : '')
      expect(headers).toMatchObject({
        'content-type': mediaTypes.ociManifest,
        'content-length': String(content.length),
        'docker-content-digest': digest,
        etag: `"${digest}"`,
      })
    }
  })

  it('ignores a range', async () => {
    const { ask, push } = await serve()
    await push('latest', imageOf('a'))
    expect(await ask('GET', 'latest', { Range: 'bytes=0-1' })).toMatchObject({ status: 200, text: imageOf('a') })
  })

  it.each([
    ['nothing', undefined],
    ['what is stored', mediaTypes.ociManifest],
    ['anything', '*/*'],
    ['only what is not stored', mediaTypes.schema2],
    ['nonsense', ';;,,/'],
  ])('gives what is stored to a client that accepts %s', async (_, accept) => {
    const { ask, push } = await serve()
    await push('latest', imageOf('a'))
    const { status, headers } = await ask('GET', 'latest', accept === undefined ? {} : { Accept: accept })
    expect([status, headers['content-type']]).toEqual([200, mediaTypes.ociManifest])
  })

  it.each(['latest', unknown])('of an unknown %s is 404', async (reference) => {
    const { ask } = await serve()
    const answer = await ask('GET', reference)
    expect(answer.status).toBe(404)
    expect(faultsOf(answer)).toMatchObject([{ code: 'MANIFEST_UNKNOWN', detail: { name: repository, reference } }])
  })

  it.each(['GET', 'HEAD', 'PUT', 'DELETE'])('with a bad reference is refused to %s', async (method) => {
    const { api } = await serve()
    const send = (reference: string) =>
      api.send(method, `/v2/${repository}/manifests/${reference}`, method === 'PUT' ? { body: imageOf('a') } : {})
    for (const reference of [
      'sha256:abc',
      'sha257:abc',
      ':',
      `sha256:${'A'.repeat(64)}`,
      'notatag!',
      '-x',
      'a'.repeat(129),
    ])
      expect(await send(reference)).toMatchObject({ status: 400 })
  })

  it.each([
    ['sha256:abc', 'DIGEST_INVALID'],
    ['notatag!', 'TAG_INVALID'],
  ])('by %s is a fault of code %s', async (reference, code) => {
    const { ask } = await serve()
    expect(faultsOf(await ask('GET', reference))).toMatchObject([{ code }])
  })
})

describe('a client that has a manifest', () => {
  const digest = digestOf(imageOf('a'))

  it.each([`"${digest}"`, digest, `W/"${digest}"`, `"x", "${digest}"`, `W/"x",${digest}`, '*'])(
    'and says so with %s is not sent it again',
    async (etag) => {
      const { ask, push } = await serve()
      await push('latest', imageOf('a'))
      for (const reference of ['latest', digest]) {
        const { status, headers, text } = await ask('GET', reference, { 'If-None-Match': etag })
        expect([status, text]).toEqual([304, ''])
        expect(headers).toMatchObject({ etag: `"${digest}"`, 'docker-content-digest': digest })
      }
    },
  )

  it.each(['', '"x"', `"${unknown}"`, `x${digest}`, 'W/"*"'])('of another is sent this one, with %j', async (etag) => {
    const { ask, push } = await serve()
    await push('latest', imageOf('a'))
    expect(await ask('GET', 'latest', { 'If-None-Match': etag })).toMatchObject({ status: 200 })
  })
})

describe('a manifest list', () => {
  const amd64 = dockerImageOf('amd64')
  const arm64 = dockerImageOf('arm64')
  const list = listOf(mediaTypes.manifestList, [
    [arm64, 'linux', 'arm64'],
    [amd64, 'linux', 'amd64'],
  ])

  async function serveList(content = list) {
    const { ask, push } = await serve()
    await push('amd64', amd64)
    await push('arm64', arm64)
    expect(await push('latest', content)).toMatchObject({ status: 201 })
    return ask
  }

  it.each([
    ['nothing', {}],
    ['anything', { Accept: `${mediaTypes.schema2}, */*` }],
    ['lists', { Accept: ` ${mediaTypes.schema2} , ${mediaTypes.manifestList.toUpperCase()} ; q=0.8 , text/plain` }],
    ['lists, in another line', { Accept: [mediaTypes.schema2, mediaTypes.manifestList] }],
    ['OCI types alone', { Accept: `${mediaTypes.ociManifest}, ${mediaTypes.ociIndex}` }],
  ])('is given to a client that accepts %s', async (_, headers) => {
    const ask = await serveList()
    expect(await ask('GET', 'latest', headers)).toMatchObject({
      text: list,
      headers: { 'content-type': mediaTypes.manifestList, 'docker-content-digest': digestOf(list) },
    })
  })

  it.each([mediaTypes.schema2, `${mediaTypes.schema1Signed}, ${mediaTypes.schema2.toUpperCase()};q=0.5`])(
    'asked for by tag is its manifest for linux on amd64 to a client that accepts %s',
    async (accept) => {
      const ask = await serveList()
      for (const method of ['GET', 'HEAD'])
        expect(await ask(method, 'latest', { Accept: accept })).toMatchObject({
          status: 200,
          text: method === 'GET' ? amd64 : '',
          headers: {
            'content-type': mediaTypes.schema2,
            'content-length': String(amd64.length),
            'docker-content-digest': digestOf(amd64),
            etag: `"${digestOf(amd64)}"`,
          },
        })
    },
  )

  it('asked for by digest is itself to any client', async () => {
    const ask = await serveList()
    expect(await ask('GET', digestOf(list), { Accept: mediaTypes.schema2 })).toMatchObject({ text: list })
  })

  it('without that platform is unknown to such a client', async () => {
    const ask = await serveList(listOf(mediaTypes.manifestList, [[arm64, 'linux', 'arm64']]))
    const answer = await ask('GET', 'latest', { Accept: mediaTypes.schema2 })
    expect(answer.status).toBe(404)
    expect(faultsOf(answer)).toMatchObject([{ code: 'MANIFEST_UNKNOWN' }])
  })

  it('of OCI is an index, and is given as it is', async () => {
    const index = listOf(mediaTypes.ociIndex, [[amd64, 'linux', 'amd64']])
    const ask = await serveList(index)
    expect(await ask('GET', 'latest', { Accept: mediaTypes.schema2 })).toMatchObject({ text: index })
  })
})

describe('pushing', () => {
  it('answers where the manifest is, by its digest', async () => {
    const { push } = await serve()
    for (const reference of ['latest', digestOf(imageOf('a'))]) {
      const { status, headers, text } = await push(reference, imageOf('a'))
      expect([status, text]).toEqual([201, ''])
      expect(headers).toMatchObject({
        location: `/v2/${repository}/manifests/${digestOf(imageOf('a'))}`,
        'docker-content-digest': digestOf(imageOf('a')),
        'content-length': '0',
      })
      expect(headers).not.toHaveProperty('oci-tag')
      expect(headers).not.toHaveProperty('oci-subject')
    }
  })

  it('answers with an absolute URL where the configuration wants one', async () => {
    const { push, api } = await serve({ relativeUrls: false, prefix: '/' })
    const { headers } = await push('latest', imageOf('a'))
    expect(headers.location).toBe(`http://127.0.0.1:${api.port}/v2/${repository}/manifests/${digestOf(imageOf('a'))}`)
  })

  it('by sha512 answers with that digest', async () => {
    const { ask, push } = await serve()
    const digest = digestOf(imageOf('a'), 'sha512')
    expect(await push(digest, imageOf('a'))).toMatchObject({
      status: 201,
      headers: { 'docker-content-digest': digest, location: `/v2/${repository}/manifests/${digest}` },
    })
    expect(await ask('GET', digest)).toMatchObject({ text: imageOf('a'), headers: { 'docker-content-digest': digest } })
  })

  it('by digest can move several tags at once', async () => {
    const { api, ask, push } = await serve()
    const digest = digestOf(imageOf('a'))
    const { status, headers } = await push(`${digest}?tag=1.2.3&tag=1.2&tag=latest&tag=1.2`, imageOf('a'))
    expect([status, headers['oci-tag']]).toEqual([201, '1.2.3, 1.2, latest'])
    expect(await ask('HEAD', '1.2')).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest } })
    const { text } = await api.send('GET', `/v2/${repository}/tags/list`)
    expect(JSON.parse(text)).toEqual({ name: repository, tags: ['1.2', '1.2.3', 'latest'] })
  })

  it('refuses all where one of several tags is none', async () => {
    const { ask, push } = await serve()
    const answer = await push(`${digestOf(imageOf('a'))}?tag=good&tag=b%20d`, imageOf('a'))
    expect(faultsOf(answer)).toMatchObject([{ code: 'TAG_INVALID', detail: { tag: 'b d' } }])
    expect(await ask('GET', 'good')).toMatchObject({ status: 404 })
  })

  it('refuses more tags than anyone needs', async () => {
    const { push } = await serve()
    const query = Array.from({ length: 101 }, (_, index) => `tag=t${index}`).join('&')
    expect(await push(`${digestOf(imageOf('a'))}?${query}`, imageOf('a'))).toMatchObject({ status: 400 })
  })

  it('answers with the subject, whether it is here or not', async () => {
    const { push } = await serve()
    const subject = { mediaType: mediaTypes.ociManifest, digest: unknown, size: 7 }
    expect(await push('latest', imageOf('a', { subject }))).toMatchObject({
      status: 201,
      headers: { 'oci-subject': unknown },
    })
  })

  it.each([
    ['in upper case, with parameters', ` ${mediaTypes.ociManifest.toUpperCase()} ; charset=utf-8`],
    ['left to the manifest itself', undefined],
  ])('takes a Content-Type %s', async (_, contentType) => {
    const { ask, put } = await serve()
    expect(await put('latest', imageOf('a'), contentType)).toMatchObject({ status: 201 })
    expect(await ask('HEAD', 'latest')).toMatchObject({ headers: { 'content-type': mediaTypes.ociManifest } })
  })

  it.each([
    ['of another type than it says', mediaTypes.schema2, imageOf('a')],
    ['of an unknown type', 'application/json', imageOf('a')],
    ['of a type that is none', 'nonsense', imageOf('a')],
    ['that nobody says what it is', undefined, '{"schemaVersion":3}'],
    ['that is no JSON', mediaTypes.ociManifest, '{'],
    ['that is no JSON, nor says what it is', undefined, '{'],
    ['of no bytes', mediaTypes.ociManifest, ''],
    ['that is a list', mediaTypes.ociManifest, '[]'],
    ['that is not UTF-8', mediaTypes.ociManifest, Buffer.from([0x7b, 0xff, 0x7d])],
  ])('refuses a manifest %s', async (_, contentType, content) => {
    const { api, put } = await serve()
    const answer = await put('latest', content, contentType)
    expect(answer.status).toBe(400)
    expect(faultsOf(answer)).toMatchObject([{ code: 'MANIFEST_INVALID', detail: { reason: expect.any(String) } }])
    expect(api.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('refuses other content than the digest names', async () => {
    const { ask, push } = await serve()
    const answer = await push(unknown, imageOf('a'))
    expect(answer.status).toBe(400)
    expect(faultsOf(answer)).toMatchObject([{ code: 'DIGEST_INVALID' }])
    expect(await ask('GET', unknown)).toMatchObject({ status: 404 })
  })

  it('tells of every blob that is missing at once', async () => {
    const { push } = await serve()
    const layer = (digest: string) => ({ mediaType: mediaTypes.ociLayer, digest, size: 1 })
    const missing = [digestOf('one'), digestOf('two')]
    const answer = await push('latest', imageOf('a', { layers: missing.map(layer) }))
    expect(answer.status).toBe(400)
    expect(faultsOf(answer)).toMatchObject(
      missing.map((digest) => ({ code: 'MANIFEST_BLOB_UNKNOWN', detail: { digest } })),
    )
  })

  it('takes 4 MiB', async () => {
    const { put } = await serve()
    const content = imageOf('a').padEnd(4 * 1024 * 1024, ' ')
    expect(await put('latest', content, mediaTypes.ociManifest)).toMatchObject({ status: 201 })
  })

  it.each(['', 'chunked'])('refuses more with 413: %j', async (encoding) => {
    const { api } = await serve()
    const body = imageOf('a').padEnd(4 * 1024 * 1024 + 1, ' ')
    const headers = { 'Content-Type': mediaTypes.ociManifest }
    const answer = await api.send('PUT', `/v2/${repository}/manifests/latest`, {
      body,
      headers: encoding === '' ? headers : { ...headers, 'Transfer-Encoding': encoding },
    })
    expect(answer.status).toBe(413)
    expect(faultsOf(answer)).toMatchObject([{ code: 'SIZE_INVALID', detail: { limit: 4 * 1024 * 1024 } }])
  })
})

it('a manifest that is announced to be too large is refused before it is sent', async () => {
  const { api } = await serve()
  const connection = await api.connect()
  connection.write(
    `PUT /v2/${repository}/manifests/latest HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4194305\r\n\r\n`,
  )
  expect(await connection.ended()).toMatch(/^HTTP\/1.1 413 /)
})

describe('deleting', () => {
  it('a digest removes its tags, too', async () => {
    const { api, ask, push } = await serve()
    await push('latest', imageOf('a'))
    await push('other', imageOf('b'))
    const digest = digestOf(imageOf('a'))
    expect(await ask('DELETE', digest)).toMatchObject({ status: 202, text: '', headers: { 'content-length': '0' } })
    expect(await ask('GET', digest)).toMatchObject({ status: 404 })
    expect(await ask('GET', 'latest')).toMatchObject({ status: 404 })
    const { text } = await api.send('GET', `/v2/${repository}/tags/list`)
    expect(JSON.parse(text)).toEqual({ name: repository, tags: ['other'] })
    expect(faultsOf(await ask('DELETE', digest))).toMatchObject([{ code: 'MANIFEST_UNKNOWN' }])
    expect(await push(digest, imageOf('a'))).toMatchObject({ status: 201 })
  })

  it('a tag leaves the manifest', async () => {
    const { ask, push } = await serve()
    await push('latest', imageOf('a'))
    expect(await ask('DELETE', 'latest')).toMatchObject({ status: 202 })
    expect(await ask('GET', 'latest')).toMatchObject({ status: 404 })
    expect(await ask('GET', digestOf(imageOf('a')))).toMatchObject({ status: 200 })
    expect(faultsOf(await ask('DELETE', 'latest'))).toMatchObject([{ code: 'MANIFEST_UNKNOWN' }])
  })

  it.each(['latest', digestOf(imageOf('a'))])('%s is refused unless it is allowed', async (reference) => {
    const { ask, push } = await serve({ deletesAllowed: false })
    await push('latest', imageOf('a'))
    const answer = await ask('DELETE', reference)
    expect(answer.status).toBe(405)
    expect(faultsOf(answer)).toMatchObject([{ code: 'UNSUPPORTED' }])
    expect(await ask('GET', 'latest')).toMatchObject({ status: 200 })
  })
})
