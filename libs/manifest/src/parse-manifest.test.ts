import { RegistryError, registryErrors } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mediaTypes } from './media-types.ts'
import { parseManifest, parseStoredManifest } from './parse-manifest.ts'

const { schema2, manifestList, ociManifest, ociIndex, ociArtifact } = mediaTypes

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`
const descriptor = (mediaType: string, letter = 'a') => ({ mediaType, digest: digestOf(letter), size: 3 })
const config = descriptor(mediaTypes.ociConfig, 'c')
const layers = [descriptor(mediaTypes.ociLayerGzip, '1'), descriptor(mediaTypes.ociLayerZstd, '2')]
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const parse = (value: unknown, mediaType: string) => parseManifest(encode(value), mediaType)

/** One good document for each type. */
const good: Readonly<Record<string, object>> = {
  [schema2]: { schemaVersion: 2, mediaType: schema2, config, layers },
  [manifestList]: { schemaVersion: 2, mediaType: manifestList, manifests: [descriptor(schema2)] },
  [ociManifest]: { schemaVersion: 2, mediaType: ociManifest, config, layers },
  [ociIndex]: { schemaVersion: 2, mediaType: ociIndex, manifests: [descriptor(ociManifest)] },
  [ociArtifact]: { mediaType: ociArtifact, artifactType: 'a/b', blobs: layers },
}

function faultsOf(content: Uint8Array, mediaType: string): readonly Pick<RegistryError, 'code' | 'detail'>[] {
  try {
    parseManifest(content, mediaType)
    return []
  } catch (error) {
    const faults = registryErrors(error)
    if (faults.length === 0) throw error
    return faults.map(({ code, detail }) => ({ code, detail }))
  }
}

const invalid = (reason: string, field?: string) => ({
  code: 'MANIFEST_INVALID',
  detail: field === undefined ? { reason } : { field, reason },
})

describe('an image manifest', () => {
  it.each([schema2, ociManifest])('of type %s names its config, then its layers', (mediaType) => {
    const manifest = parse(good[mediaType], mediaType)

    expect(manifest.kind).toBe('image')
    expect(manifest.mediaType).toBe(mediaType)
    expect(manifest.references).toEqual([
      { descriptor: config, role: 'config', field: 'config' },
      { descriptor: layers[0], role: 'layer', field: 'layers[0]' },
      { descriptor: layers[1], role: 'layer', field: 'layers[1]' },
    ])
  })

  it.each([
    ['no layers', { schemaVersion: 2, config }],
    ['null for its layers', { schemaVersion: 2, config, layers: null }],
    ['an empty media type', { schemaVersion: 2, mediaType: '', config }],
    ['null for its media type', { schemaVersion: 2, mediaType: null, config }],
    ['null where an index has manifests', { schemaVersion: 2, config, manifests: null }],
  ])('of OCI may have %s', (_, document) => {
    expect(parse(document, ociManifest).references).toHaveLength(1)
  })

  it('names a layer as often as it lists it', () => {
    const document = { schemaVersion: 2, config, layers: [layers[0], layers[0]] }

    expect(parse(document, ociManifest).references).toHaveLength(3)
  })

  it('may have brackets in its text that nest nothing', () => {
    const document = { ...good[ociManifest], annotations: { '"[': `\\${'"['.repeat(200)}` } }

    expect(faultsOf(encode(document), ociManifest)).toEqual([])
  })

  it('takes a layer for a layer, even if its media type is a manifest’s', () => {
    const document = { schemaVersion: 2, config, layers: [descriptor(ociManifest)] }

    expect(parse(document, ociManifest).references[1]?.role).toBe('layer')
  })
})

describe('an index', () => {
  it.each([manifestList, ociIndex])('of type %s names its children', (mediaType) => {
    const manifest = parse(good[mediaType], mediaType)

    expect(manifest.kind).toBe('index')
    expect(manifest.references.map(({ role, field }) => `${role} ${field}`)).toEqual(['manifest manifests[0]'])
  })

  it.each([schema2, manifestList, ociManifest, ociIndex, ociArtifact, mediaTypes.schema1, mediaTypes.schema1Signed])(
    'has a manifest in a child of type %s',
    (type) => {
      const document = { schemaVersion: 2, manifests: [descriptor(type)] }

      expect(parse(document, ociIndex).references[0]?.role).toBe('manifest')
    },
  )

  it('has blobs in children of any other type, as in a cache of BuildKit', () => {
    const children = [mediaTypes.ociLayerGzip, 'application/vnd.buildkit.cacheconfig.v0'].map((type) =>
      descriptor(type),
    )

    const { references } = parse({ schemaVersion: 2, manifests: children }, ociIndex)

    expect(references.map(({ role }) => role)).toEqual(['blob', 'blob'])
  })

  it.each([
    ['an empty list', { schemaVersion: 2, manifests: [] }],
    ['null for its list, where it says what it is', { schemaVersion: 2, mediaType: ociIndex, manifests: null }],
    ['no list, where it says what it is', { schemaVersion: 2, mediaType: ociIndex }],
  ])('may have %s', (_, document) => {
    expect(parse(document, ociIndex).references).toEqual([])
  })

  it('that neither says what it is nor lists anything is refused', () => {
    expect(faultsOf(encode({ schemaVersion: 2 }), ociIndex)).toEqual([
      invalid('must be a list of descriptors', 'manifests'),
    ])
  })
})

describe('an artifact manifest', () => {
  it('names its blobs', () => {
    const manifest = parse(good[ociArtifact], ociArtifact)

    expect(manifest.references.map(({ role, field }) => `${role} ${field}`)).toEqual(['blob blobs[0]', 'blob blobs[1]'])
    expect(manifest.artifactType).toBe('a/b')
  })

  it('names blobs only, even if their media type is a manifest’s', () => {
    const document = { mediaType: ociArtifact, blobs: [descriptor(ociManifest)] }

    expect(parse(document, ociArtifact).references[0]?.role).toBe('blob')
  })

  it('is none where storage would take it for schema1', () => {
    const document = { ...good[ociArtifact], schemaVersion: 1, fsLayers: [{ blobSum: digestOf('f') }] }

    expect(faultsOf(encode(document), ociArtifact)).toEqual([invalid('must not be that of schema1', 'schemaVersion')])
  })
})

describe('what a manifest is about', () => {
  const subject = descriptor(ociManifest, 'e')

  it.each([ociManifest, ociIndex, ociArtifact])(
    'is the subject of one of type %s, and none of its references',
    (type) => {
      const manifest = parse({ ...good[type], subject }, type)

      expect(manifest.subject).toEqual(subject)
      expect(manifest.references).toEqual(parse(good[type], type).references)
    },
  )

  it.each([schema2, manifestList])('is nothing where type %s gives the field no meaning', (type) => {
    const manifest = parse({ ...good[type], subject: 'x', annotations: 1, artifactType: 2 }, type)

    expect(manifest.subject).toBeUndefined()
    expect(manifest.annotations).toBeUndefined()
  })

  it('is told by its own artifact type', () => {
    expect(parse({ ...good[ociManifest], artifactType: 'a/b' }, ociManifest).artifactType).toBe('a/b')
    expect(parse({ ...good[ociIndex], artifactType: 'a/b' }, ociIndex).artifactType).toBe('a/b')
  })

  it.each([undefined, null, ''])('is told by the type of its config where its own is %j', (artifactType) => {
    const manifest = parse({ ...good[ociManifest], artifactType }, ociManifest)

    expect(manifest.artifactType).toBe(config.mediaType)
    expect(manifest.configMediaType).toBe(config.mediaType)
  })

  it('is told by nothing in an index without an artifact type', () => {
    expect(parse(good[ociIndex], ociIndex)).not.toHaveProperty('artifactType')
  })

  it('has its annotations', () => {
    const annotations = { 'org.opencontainers.image.created': '2026-11-22T04:57:34Z' }

    expect(parse({ ...good[ociManifest], annotations }, ociManifest).annotations).toEqual(annotations)
  })
})

describe('a manifest is refused where', () => {
  it.each<[string, string, object, string, string?]>([
    ['its schema version is missing', ociManifest, { config }, 'must be 2', 'schemaVersion'],
    ['its schema version is 1', ociManifest, { schemaVersion: 1, config }, 'must be 2', 'schemaVersion'],
    ['its schema version is text', ociManifest, { schemaVersion: '2', config }, 'must be 2', 'schemaVersion'],
    [
      'it says that it is another type',
      ociManifest,
      { schemaVersion: 2, mediaType: schema2, config },
      `must be '${ociManifest}', as in Content-Type, and not "${schema2}"`,
      'mediaType',
    ],
    [
      'it does not say that it is schema2',
      schema2,
      { schemaVersion: 2, config },
      `must be '${schema2}', as in Content-Type, and not ""`,
      'mediaType',
    ],
    [
      'it does not say that it is a manifest list',
      manifestList,
      { schemaVersion: 2, manifests: [] },
      `must be '${manifestList}', as in Content-Type, and not ""`,
      'mediaType',
    ],
    [
      'its media type is a number',
      ociManifest,
      { schemaVersion: 2, mediaType: 2, config },
      `must be '${ociManifest}', as in Content-Type, and not 2`,
      'mediaType',
    ],
    [
      'an image lists manifests',
      ociManifest,
      { ...good[ociManifest], manifests: [] },
      `has no place in content of type ${ociManifest}`,
      'manifests',
    ],
    [
      'an index has a config',
      ociIndex,
      { ...good[ociIndex], config },
      `has no place in content of type ${ociIndex}`,
      'config',
    ],
    [
      'an index has layers',
      ociIndex,
      { ...good[ociIndex], layers: [] },
      `has no place in content of type ${ociIndex}`,
      'layers',
    ],
    ['it has no config', ociManifest, { schemaVersion: 2, layers }, 'must be a descriptor object', 'config'],
    [
      'its layers are no list',
      ociManifest,
      { schemaVersion: 2, config, layers: {} },
      'must be a list of descriptors',
      'layers',
    ],
    [
      'its artifact type is a number',
      ociManifest,
      { ...good[ociManifest], artifactType: 1 },
      'must be a string',
      'artifactType',
    ],
    [
      'its annotations are a list',
      ociManifest,
      { ...good[ociManifest], annotations: ['a'] },
      'must map strings to strings',
      'annotations',
    ],
    [
      'an annotation is a number',
      ociIndex,
      { ...good[ociIndex], annotations: { a: 1 } },
      'must map strings to strings',
      'annotations',
    ],
    [
      'its subject is text',
      ociManifest,
      { ...good[ociManifest], subject: digestOf('a') },
      'must be a descriptor object',
      'subject',
    ],
  ])('%s', (_, mediaType, document, reason, field) => {
    expect(faultsOf(encode(document), mediaType)).toEqual([invalid(reason, field)])
  })

  it.each([
    ['it is empty', '', 'not valid JSON: Unexpected end of JSON input'],
    ['it is null', 'null', 'must be a JSON object'],
    ['it is a list', '[]', 'must be a JSON object'],
    ['it begins with a byte order mark', '\uFEFF{}', expect.stringContaining('not valid JSON')],
    ['something follows it', '{}{}', expect.stringContaining('not valid JSON')],
    ['it is nested too deep', `{"x":${'['.repeat(100)}${']'.repeat(100)}}`, 'nested more than 100 levels deep'],
  ])('%s', (_, text, reason: unknown) => {
    expect(faultsOf(new TextEncoder().encode(text), ociManifest)).toEqual([
      { code: 'MANIFEST_INVALID', detail: { reason } },
    ])
  })

  it('its bytes are not UTF-8', () => {
    expect(faultsOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), ociManifest)).toEqual([invalid('not valid UTF-8')])
  })

  it.each([
    ['text/plain', 'unsupported manifest media type: text/plain'],
    ['', 'unsupported manifest media type: none given'],
    ['__proto__', 'unsupported manifest media type: __proto__'],
  ])('its media type is "%s"', (mediaType, reason) => {
    expect(faultsOf(encode(good[ociManifest]), mediaType)).toEqual([invalid(reason)])
  })

  it('a digest is not one', () => {
    const document = { schemaVersion: 2, config: { ...config, digest: 'sha256:abc' } }

    expect(faultsOf(encode(document), ociManifest)).toEqual([
      { code: 'DIGEST_INVALID', detail: { digest: 'sha256:abc', reason: 'invalid checksum digest length' } },
    ])
  })

  it('several descriptors are wrong, and all are told', () => {
    const document = { schemaVersion: 2, config: {}, layers: [{ ...config, digest: 'x' }, config, 1], subject: {} }

    expect(faultsOf(encode(document), ociManifest)).toEqual([
      invalid('must be a string', 'config.mediaType'),
      { code: 'DIGEST_INVALID', detail: { digest: 'x', reason: 'invalid checksum digest format' } },
      invalid('must be a descriptor object', 'layers[2]'),
      invalid('must be a string', 'subject.mediaType'),
    ])
  })

  it('a great many descriptors are wrong, and a hundred are told', () => {
    const document = { schemaVersion: 2, config, layers: Array.from({ length: 10_000 }, () => ({})) }

    expect(faultsOf(encode(document), ociManifest)).toHaveLength(100)
  })
})

describe('a manifest that other programs read in another way', () => {
  const text = (document: object): string => JSON.stringify(document)
  const notUnique = (field: string) => invalid('is there twice', field)
  const lookAlike = (field: string, name: string) =>
    invalid(`is "${name}" to programs that compare names without case`, field)
  const image = text(good[ociManifest] ?? {})
  const layer = text(layers[0] ?? {})
  const withMember = (member: string): string => image.replace(/}$/, `,${member}}`)
  const withLayer = (member: string): string => withMember('"x":0').replace(layer, layer.replace(/}$/, `,${member}}`))

  it.each([
    [withMember('"Layers":[]'), lookAlike('Layers', 'layers')],
    [withMember('"Config":{}'), lookAlike('Config', 'config')],
    [withMember('"Manifests":null'), lookAlike('Manifests', 'manifests')],
    [withMember('"Subject":{}'), lookAlike('Subject', 'subject')],
    [withMember('"\\u017fubject":{}'), lookAlike('\u017fubject', 'subject')],
    [withMember('"MEDIATYPE":"a/b"'), lookAlike('MEDIATYPE', 'mediaType')],
    [withMember('"Blobs":[]'), lookAlike('Blobs', 'blobs')],
    [withMember('"FSLayers":[]'), lookAlike('FSLayers', 'fsLayers')],
    [withMember('"Annotations":{}'), lookAlike('Annotations', 'annotations')],
    [withLayer('"URLs":["https://x"]'), lookAlike('layers[0].URLs', 'urls')],
    [withLayer('"url\u017f":["https://x"]'), lookAlike('layers[0].url\u017f', 'urls')],
    [withLayer('"Digest":"x"'), lookAlike('layers[0].Digest', 'digest')],
    [withLayer('"platform":{"OS":"x"}'), lookAlike('layers[0].platform.OS', 'os')],
    [withMember('"subject":{"Size":1}'), lookAlike('subject.Size', 'size')],
    [withMember('"layers":[]'), notUnique('layers')],
    [withMember('"x":1,"x":2'), notUnique('x')],
    [withLayer('"digest":"x"'), notUnique('layers[0].digest')],
    [withLayer('"platform":{"os":"a","os":"b"}'), notUnique('layers[0].platform.os')],
    [withLayer('"annotations":{"a":"1","a":"2"}'), notUnique('layers[0].annotations.a')],
    [withMember('"annotations":{"a":"1","a":"2"}'), notUnique('annotations.a')],
    [image.replace('"size":3', '"size":3.0'), invalid('must be written as an integer', 'config.size')],
    [image.replace('"size":3', '"size":3e0'), invalid('must be written as an integer', 'config.size')],
    [image.replace(':2,', ':2.0,'), invalid('must be written as an integer', 'schemaVersion')],
  ])('is refused, with the name of the member: %s', (content, fault) => {
    expect(faultsOf(Buffer.from(content), ociManifest)).toEqual([fault])
  })

  it('is read from storage, where Distribution may have stored it, as Go reads it', () => {
    const evil = descriptor(mediaTypes.ociLayer, 'e')
    const content = withMember(`"Layers":[${text(evil)}],"Subject":${text(evil)},"Annotations":{"a":"b"}`)
    expect(parseStoredManifest(Buffer.from(content))).toMatchObject({
      mediaType: ociManifest,
      subject: evil,
      annotations: { a: 'b' },
      references: [{ field: 'config' }, { descriptor: { digest: evil.digest } }],
    })
  })

  it('may have annotations, and members that no program knows, of any name', () => {
    const document = { ...good[ociManifest], annotations: { Layers: 'a', config: 'b' }, x: { Layers: [], layers: [] } }
    expect(faultsOf(encode(document), ociManifest)).toEqual([])
  })
})

describe('a parsed manifest', () => {
  it('keeps nothing that the rules do not need', () => {
    const more = { annotations: { a: 'b' }, data: 'e30=', artifactType: 'a/b', x: [{}], urls: ['https://a'] }
    const document = { ...good[ociManifest], layers: [{ ...layers[0], ...more, platform: { os: 'a', x: 1 } }], x: [{}] }
    expect(parse(document, ociManifest)).toEqual({
      mediaType: ociManifest,
      kind: 'image',
      artifactType: mediaTypes.ociConfig,
      configMediaType: mediaTypes.ociConfig,
      references: [
        { descriptor: config, role: 'config', field: 'config' },
        { descriptor: { ...layers[0], urls: ['https://a'], platform: { os: 'a' } }, role: 'layer', field: 'layers[0]' },
      ],
    })
  })

  it('may have tens of thousands of layers', () => {
    const document = { schemaVersion: 2, config, layers: Array.from({ length: 33_000 }, () => layers[0]) }
    expect(parse(document, ociManifest).references).toHaveLength(33_001)
  })

  it.each([
    ['values', { x: Array.from({ length: 250_000 }, () => ({})) }, 'more than 250000 values'],
    [
      'annotations',
      { annotations: Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [index, ''])) },
      'has more than 10000 members',
    ],
  ])('is refused if it has an absurd number of %s', (_, members, reason) => {
    const detail: unknown = faultsOf(encode({ ...good[ociManifest], ...members }), ociManifest)[0]?.detail
    expect(detail).toMatchObject({ reason })
  })

  it('warns of descriptors without a size, which it takes for 0', () => {
    const { size: _, ...sizeless } = config
    const document = { schemaVersion: 2, config: sizeless, layers: Array.from({ length: 9 }, () => sizeless) }
    const manifest = parse({ ...document, subject: sizeless }, ociManifest)
    expect(manifest.references[0]?.descriptor).toEqual({ ...config, size: 0 })
    expect(manifest.warnings).toEqual([
      'descriptors should have a size, and it is missing in config, layers[0], layers[1], layers[2], layers[3] and 6 more: taken as 0',
    ])
    expect(parse(good[ociManifest], ociManifest)).not.toHaveProperty('warnings')
  })

  it.each([null, -1, '3', 2 ** 60])('is refused if a size is %j', (size) => {
    const document = { schemaVersion: 2, config: { ...config, size } }
    expect(faultsOf(encode(document), ociManifest)).toEqual([
      invalid('must be a number of bytes, zero or more', 'config.size'),
    ])
  })
})

describe('any content', () => {
  const types = fc.constantFrom(...Object.keys(good), mediaTypes.schema1, 'text/plain')

  it('is parsed or refused with registry errors', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((each) => `{"schemaVersion":2,"config":${each}}`),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((each) => new TextEncoder().encode(each)),
          fc.uint8Array(),
        ),
        types,
        (content, type) => {
          expect(() => faultsOf(content, type)).not.toThrow()
        },
      ),
    )
  })

  it('that was a good manifest before a field changed is parsed or refused with registry errors', () => {
    const fields = ['schemaVersion', 'mediaType', 'config', 'layers', 'manifests', 'blobs', 'subject', 'annotations']
    const field = fc.constantFrom(...fields, 'artifactType')
    fc.assert(
      fc.property(types, fc.dictionary(field, fc.jsonValue(), { minKeys: 1 }), (type, changes) => {
        const content = encode({ ...good[type], ...changes })
        expect(() => faultsOf(content, type)).not.toThrow()
      }),
    )
  })

  it('that was a good manifest before a byte changed is parsed or refused with registry errors', () => {
    fc.assert(
      fc.property(types, fc.nat(), fc.nat(255), (type, at, byte) => {
        const content = encode(good[type] ?? {})
        content[at % content.length] = byte
        expect(() => faultsOf(content, type)).not.toThrow()
      }),
    )
  })
})

describe('stored content', () => {
  it.each(Object.keys(good))('of type %s is parsed without being told its type', (type) => {
    expect(parseStoredManifest(encode(good[type])).mediaType).toBe(type)
  })

  it('is read as far as it can be', () => {
    const broken = [{ digest: 'x' }, null, { digest: digestOf('d'), size: -1, urls: 1, platform: 2 }]
    const document = { ...good[ociManifest], layers: broken, subject: 1, annotations: { a: 1 }, artifactType: 2 }
    expect(parseStoredManifest(encode(document))).toEqual({
      mediaType: ociManifest,
      kind: 'image',
      artifactType: mediaTypes.ociConfig,
      configMediaType: mediaTypes.ociConfig,
      references: [
        { descriptor: config, role: 'config', field: 'config' },
        { descriptor: { mediaType: '', digest: digestOf('d'), size: 0 }, role: 'layer', field: 'layers[2]' },
      ],
    })
    expect(parseStoredManifest(encode({ schemaVersion: 2, layers: {} })).references).toEqual([])
  })

  it('that is no manifest is refused', () => {
    expect(() => parseStoredManifest(encode({ schemaVersion: 3 }))).toThrow(RegistryError)
  })
})
