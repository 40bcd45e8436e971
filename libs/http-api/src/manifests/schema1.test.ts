import { StoredBlobs } from '@berth/blobs/stored'
import { type Digest, digestOf } from '@berth/digest'
import { ConfigBuilder, emptyLayer, ImageBuilder, mediaTypes, ReferenceBuilder, SigningKey } from '@berth/manifest'
import { openManifests } from '@berth/manifests/stored'
import { parseRepositoryName } from '@berth/reference'
import { MemoryDriver } from '@berth/storage/memory'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TestApi } from '../test-api.ts'

const repository = parseRepositoryName('foo/bar')
const policy = { urls: { allow: [], deny: [] }, references: 'all', indexes: 'all', classes: [] } as const
const identity = { key: SigningKey.generate(), time: new Date('2026-01-01T00:00:00Z'), name: repository, tag: 'v1' }
const layer = Buffer.from('layer')

async function serve() {
  const storage = new MemoryDriver()
  const blobs = new StoredBlobs({ storage })
  await blobs.put(repository, layer)
  const schema1 = { acceptsPushes: true }
  const { manifests, tags, referrers } = openManifests({ storage, blobs, policy, isExclusive: true, schema1 })
  const api = await TestApi.open({ services: { manifests, tags, referrers } })
  onTestFinished(() => api.close())
  const ask = (method: string, reference: string, headers: Record<string, string> = {}, body?: Uint8Array) =>
    api.send(method, `/v2/${repository}/manifests/${reference}`, { headers, ...(body !== undefined && { body }) })
  return { api, blobs, manifests, ask }
}

function signedOf(layers: readonly Digest[]): { readonly content: Uint8Array; readonly digest: Digest } {
  const builder = new ReferenceBuilder({ ...identity, architecture: 'amd64' })
  for (const digest of layers) builder.append({ digest, history: '{}' })
  return builder.build()
}

function faultsOf({ text }: { text: string }): { code: string; detail?: unknown }[] {
  return (JSON.parse(text) as { errors: { code: string; detail?: unknown }[] }).errors
}

describe('a signed manifest', () => {
  it.each([
    mediaTypes.schema1Signed,
    mediaTypes.schema1,
    'application/json; charset=utf-8',
    'application/json',
    undefined,
  ])('is taken as %s, and given as what it is', async (type) => {
    const { ask } = await serve()
    const { content, digest } = signedOf([digestOf(layer)])
    const headers = type === undefined ? {} : { 'Content-Type': type }
    for (const reference of ['v1', digest])
      expect(await ask('PUT', reference, headers, content)).toMatchObject({
        status: 201,
        headers: { 'docker-content-digest': digest, location: `/v2/${repository}/manifests/${digest}` },
      })
    for (const reference of ['v1', digest])
      for (const accept of [mediaTypes.schema1Signed, mediaTypes.schema2, '*/*']) {
        const { status, headers: told, text } = await ask('GET', reference, { Accept: accept })
        expect([status, told['content-type'], told['docker-content-digest']]).toEqual([
          200,
          mediaTypes.schema1Signed,
          digest,
        ])
        expect(told['content-length']).toBe(String(text.length))
        expect(await ask('HEAD', reference, { Accept: accept })).toMatchObject({
          headers: { 'content-length': told['content-length'] },
        })
        expect(await ask('GET', reference, { 'If-None-Match': told.etag ?? '' })).toMatchObject({ status: 304 })
      }
  })

  it('that is not signed is one fault', async () => {
    const { ask } = await serve()
    const unsigned = Buffer.from('{"schemaVersion":1,"name":"foo/bar","tag":"v1","fsLayers":[],"history":[]}')
    const answer = await ask('PUT', 'v1', { 'Content-Type': mediaTypes.schema1Signed }, unsigned)
    expect(answer.status).toBe(400)
    expect(faultsOf(answer)).toEqual([
      {
        code: 'MANIFEST_INVALID',
        message: 'manifest invalid',
        detail: { reason: 'missing signature key: a schema1 manifest must be signed', field: 'signatures' },
      },
    ])
  })

  it('has every layer named that is missing, or is none', async () => {
    const { ask } = await serve()
    const { content } = signedOf(['asdf' as Digest, digestOf('gone'), 'qwer' as Digest])
    const answer = await ask('PUT', 'v1', { 'Content-Type': mediaTypes.schema1Signed }, content)
    expect(answer.status).toBe(400)
    expect(faultsOf(answer).map(({ code }) => code)).toEqual([
      'DIGEST_INVALID',
      'DIGEST_INVALID',
      'MANIFEST_BLOB_UNKNOWN',
    ])
  })

  it('is refused, and never fails, in whatever way it is damaged', async () => {
    const { api, ask } = await serve()
    const content = Buffer.from(signedOf([digestOf(layer)]).content)
    const damage = fc.array(fc.tuple(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    })
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const damaged = Buffer.from(content)
        for (const [at, change] of changes) damaged[at] = (damaged[at] as number) ^ change
        fc.pre(!damaged.equals(content))
        const answer = await ask('PUT', 'v1', { 'Content-Type': mediaTypes.schema1Signed }, damaged)
        expect(answer.status).toBe(400)
        expect(faultsOf(answer)).toMatchObject([{ detail: { reason: expect.any(String) as string } }])
        expect(faultsOf(answer)[0]?.code).toMatch(/^MANIFEST_(INVALID|UNVERIFIED)$/)
      }),
      { numRuns: 200 },
    )
    expect(api.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('a schema2 image', () => {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      history: [{ created_by: 'ADD' }, { created_by: 'CMD', empty_layer: true }],
    }),
  )
  const image = new ImageBuilder({ mediaType: mediaTypes.schema2, config })
    .append({ mediaType: mediaTypes.dockerLayerGzip, digest: digestOf(layer), size: layer.byteLength })
    .build()
  const converted = new ConfigBuilder({ ...identity, config }).append({ digest: digestOf(layer) }).build()

  async function served() {
    const { ask, blobs } = await serve()
    await blobs.put(repository, config)
    await ask('PUT', 'v1', { 'Content-Type': mediaTypes.schema2 }, image.content)
    return { ask, blobs }
  }

  it('is schema1 to a client that accepts nothing newer, by tag', async () => {
    const { ask, blobs } = await served()
    const accept = { Accept: `${mediaTypes.schema1Signed}, ${mediaTypes.schema1}` }
    const head = await ask('HEAD', 'v1', accept)
    const { status, headers, text } = await ask('GET', 'v1', accept)
    expect([status, head.status]).toEqual([200, 200])
    const told = {
      'content-type': mediaTypes.schema1Signed,
      'docker-content-digest': converted.digest,
      etag: `"${converted.digest}"`,
      'content-length': String(text.length),
    }
    expect(headers).toMatchObject(told)
    expect(head.headers).toMatchObject(told)
    expect(await ask('GET', 'v1', { ...accept, 'If-None-Match': `"${converted.digest}"` })).toMatchObject({
      status: 304,
    })
    expect(await ask('GET', image.digest, accept)).toMatchObject({ text: image.content.toString() })
    expect((await blobs.stat(repository, emptyLayer.digest)).size).toBe(32)
  })

  it('is kept apart by caches, for who accepts one form and who accepts the other, by tag alone', async () => {
    const { ask } = await served()
    for (const accept of [mediaTypes.schema1, mediaTypes.schema2]) {
      const { headers } = await ask('GET', 'v1', { Accept: accept })
      expect(headers.vary).toBe('Accept')
      expect(await ask('HEAD', 'v1', { Accept: accept })).toMatchObject({ headers: { vary: 'Accept' } })
      const unchanged = await ask('GET', 'v1', { Accept: accept, 'If-None-Match': headers.etag ?? '' })
      expect(unchanged).toMatchObject({ status: 304, headers: { vary: 'Accept' } })
      expect((await ask('GET', image.digest, { Accept: accept })).headers.vary).toBeUndefined()
    }
  })

  it.each(['*/*', mediaTypes.schema2, mediaTypes.ociManifest])(
    'is what is stored to who accepts %s',
    async (accept) => {
      const { ask } = await served()
      expect(await ask('GET', 'v1', { Accept: accept })).toMatchObject({
        text: image.content.toString(),
        headers: { 'docker-content-digest': image.digest },
      })
    },
  )

  it('that schema1 cannot be made of is refused to such a client alone, with the reason', async () => {
    const { ask, blobs } = await serve()
    const plugin = Buffer.from('{"plugin":true}')
    await blobs.put(repository, plugin)
    const { content } = new ImageBuilder({ mediaType: mediaTypes.schema2, config: plugin }).build()
    await ask('PUT', 'v1', { 'Content-Type': mediaTypes.schema2 }, content)
    const answer = await ask('GET', 'v1', { Accept: mediaTypes.schema1 })
    expect(answer.status).toBe(400)
    expect(faultsOf(answer)).toMatchObject([
      { code: 'MANIFEST_INVALID', detail: { reason: 'empty history when trying to create schema1 manifest' } },
    ])
    expect(await ask('GET', 'v1')).toMatchObject({ status: 200 })
  })
})
