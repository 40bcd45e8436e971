import { describe, expect, it } from 'vitest'
import { contentOf, descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { rawRequest } from './raw-http.ts'
import { type Refusal, refusal, sound, soundRepository, useTarget } from './target.ts'

const target = useTarget()
const at = (reference: string): string => `/v2/${soundRepository}/manifests/${reference}`
const soundManifest = JSON.parse(sound.manifest.bytes.toString()) as Record<string, unknown>
const config = descriptorOf(mediaTypes.config, sound.config)
const missing = descriptorOf(mediaTypes.layer, contentOf('nobody has this'))
const alsoMissing = descriptorOf(mediaTypes.layer, contentOf('nor this'))

interface Row extends Refusal {
  readonly what: string
  readonly body: Buffer | string
  readonly type?: string
}

/** The sound manifest with something else in it. */
const butWith = (changes: object): string => JSON.stringify({ ...soundManifest, ...changes })

function refuses(rows: readonly Row[]): void {
  it.each(rows)('$what: $status $code', async ({ body, type = mediaTypes.manifest, ...expected }) => {
    expect(await target.told(rawRequest('PUT', at('new'), { 'Content-Type': type }, body))).toMatchObject(
      refusal(expected),
    )
    expect((await target.send('GET', at('new'))).status).toBe(404)
  })
}

describe('JSON', () => {
  const invalid = { status: 400, code: 'MANIFEST_INVALID' }
  refuses([
    { what: 'nothing', body: '', ...invalid },
    { what: 'no JSON', body: 'hello', ...invalid },
    { what: 'cut short', body: sound.manifest.bytes.subarray(0, -5), ...invalid },
    { what: 'something after it', body: `${sound.manifest.bytes.toString()}{}`, ...invalid },
    { what: 'null', body: 'null', ...invalid },
    { what: 'a list', body: '[]', ...invalid },
    { what: 'a text', body: '"manifest"', ...invalid },
    { what: 'a number', body: '1e999', ...invalid },
    { what: 'bytes that are no UTF-8', body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), ...invalid },
    { what: 'nested a hundred thousand deep', body: '['.repeat(100_000) + ']'.repeat(100_000), ...invalid },
  ])
})

describe('fields', () => {
  const invalid = (names: string) => ({ status: 400, code: 'MANIFEST_INVALID', names })
  refuses([
    { what: 'no version', body: butWith({ schemaVersion: undefined }), ...invalid('schemaVersion') },
    { what: 'a version of the future', body: butWith({ schemaVersion: 3 }), ...invalid('schemaVersion') },
    { what: 'the version as a text', body: butWith({ schemaVersion: '2' }), ...invalid('schemaVersion') },
    { what: 'another media type', body: butWith({ mediaType: mediaTypes.index }), ...invalid('mediaType') },
    { what: 'no configuration', body: butWith({ config: undefined }), ...invalid('config') },
    { what: 'a configuration that is a list', body: butWith({ config: [] }), ...invalid('config') },
    { what: 'layers that are no list', body: butWith({ layers: {} }), ...invalid('layers') },
    { what: 'a layer that is a number', body: butWith({ layers: [1] }), ...invalid('layers') },
    {
      what: 'a layer without a digest',
      body: butWith({ layers: [{ ...config, digest: undefined }] }),
      ...invalid('digest'),
    },
    { what: 'a layer whose size is null', body: butWith({ layers: [{ ...config, size: null }] }), ...invalid('size') },
    { what: 'a size in another form', body: butWith({}).replace(/"size":\d+/, '$&.0'), ...invalid('size') },
    { what: 'a name in another case', body: butWith({ Layers: [missing] }), ...invalid('Layers') },
    { what: 'a name that is there twice', body: butWith({}).replace('{', '{"layers":[],'), ...invalid('layers') },
    {
      what: 'more annotations than anybody has',
      body: butWith({ annotations: Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [index, ''])) }),
      ...invalid('annotations'),
    },
    { what: 'a negative size', body: butWith({ layers: [{ ...config, size: -1 }] }), ...invalid('size') },
    { what: 'a size of half a byte', body: butWith({ layers: [{ ...config, size: 0.5 }] }), ...invalid('size') },
    { what: 'a size as a text', body: butWith({ layers: [{ ...config, size: '9' }] }), ...invalid('size') },
    { what: 'a size beyond all numbers', body: butWith({ layers: [{ ...config, size: 1e300 }] }), ...invalid('size') },
    {
      what: 'a digest that is none',
      body: butWith({ layers: [{ ...config, digest: 'sha256:abc' }] }),
      status: 400,
      code: 'DIGEST_INVALID',
      names: 'sha256:abc',
    },
    {
      what: 'a digest with a way up',
      body: butWith({ layers: [{ ...config, digest: 'sha256:../../../etc/passwd' }] }),
      status: 400,
      code: 'DIGEST_INVALID',
      names: 'sha256:../../../etc/passwd',
    },
    { what: 'a subject that is a text', body: butWith({ subject: 'sha256' }), ...invalid('subject') },
  ])
})

describe('media types', () => {
  const invalid = { status: 400, code: 'MANIFEST_INVALID' }
  const body = sound.manifest.bytes
  refuses([
    { what: 'a page', body, type: 'text/html', ...invalid, names: 'text/html' },
    { what: 'no media type at all', body, type: ';;;', ...invalid, names: ';;;' },
    { what: 'that of an index', body, type: mediaTypes.index, ...invalid, names: 'mediaType' },
    { what: "that of Docker's manifest", body, type: mediaTypes.dockerManifest, ...invalid, names: 'mediaType' },
    { what: 'any', body: JSON.stringify({}), type: '*/*', ...invalid },
  ])
})

describe('what they refer to', () => {
  const unknown = { status: 400, code: 'MANIFEST_BLOB_UNKNOWN' }
  refuses([
    { what: 'a layer that is missing', body: butWith({ layers: [missing] }), ...unknown, names: missing.digest },
    { what: 'a configuration that is missing', body: butWith({ config: missing }), ...unknown, names: missing.digest },
    {
      what: 'a manifest that is missing',
      body: JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [{ ...missing, mediaType: mediaTypes.manifest }],
      }),
      type: mediaTypes.index,
      ...unknown,
      names: missing.digest,
    },
  ])

  it('all that is missing is told at once', async () => {
    const body = butWith({ layers: [missing, alsoMissing] })
    const request = rawRequest('PUT', at('new'), { 'Content-Type': mediaTypes.manifest }, body)
    const told = await target.told(request)
    expect(told).toMatchObject(refusal({ ...unknown, names: missing.digest }))
    expect(told).toMatchObject(refusal({ ...unknown, names: alsoMissing.digest }))
  })
})

describe('sizes', () => {
  const limit = 4 * 1024 * 1024
  const headers = { 'Content-Type': mediaTypes.manifest }

  it('announced above the limit: 413', async () => {
    const request = rawRequest('PUT', at('new'), headers, Buffer.alloc(limit + 1, ' '))
    expect(await target.told(request)).toMatchObject(
      refusal({ status: 413, code: 'SIZE_INVALID', names: String(limit) }),
    )
  })

  it('above the limit in pieces that announce nothing: 413', async () => {
    const piece = Buffer.alloc(64 * 1024, ' ')
    const pieces = Array.from({ length: limit / piece.byteLength + 1 }, () => [
      Buffer.from('10000\r\n'),
      piece,
      Buffer.from('\r\n'),
    ])
    const head = `PUT ${at('new')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`
    const request = Buffer.concat([Buffer.from(head), ...pieces.flat(), Buffer.from('0\r\n\r\n')])
    expect(await target.told(request)).toMatchObject(
      refusal({ status: 413, code: 'SIZE_INVALID', names: String(limit) }),
    )
  })
})

describe('what they are put as', () => {
  const headers = { 'Content-Type': mediaTypes.manifest }
  const manifest = jsonOf({ ...soundManifest, annotations: { new: 'yes' } })

  it('another digest: 400 DIGEST_INVALID', async () => {
    const other = contentOf('other').digest
    const request = rawRequest('PUT', at(other), headers, manifest.bytes)
    expect(await target.told(request)).toMatchObject(refusal({ status: 400, code: 'DIGEST_INVALID', names: other }))
  })

  it('one good tag and one that is none: 400 TAG_INVALID, and neither is there', async () => {
    const request = rawRequest('PUT', `${at(manifest.digest)}?tag=good&tag=.bad`, headers, manifest.bytes)
    expect(await target.told(request)).toMatchObject(refusal({ status: 400, code: 'TAG_INVALID', names: '.bad' }))
    expect((await target.send('GET', at('good'))).status).toBe(404)
  })
})
