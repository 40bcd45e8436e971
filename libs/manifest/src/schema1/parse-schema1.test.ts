import { digestOf } from '@berth/digest'
import { registryErrors } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { imageClass } from '../image-class.ts'
import { mediaTypes } from '../media-types.ts'
import { parseStoredManifest } from '../parse-manifest.ts'
import { openSchema1, parseSchema1Payload } from './parse-schema1.ts'
import { signManifest } from './sign-manifest.ts'
import { SigningKey } from './signing-key.ts'
import { exampleKey, examplePayload, exampleSigned, exampleTime } from './worked-example.ts'

const key = SigningKey.parse(exampleKey)
const layer = 'sha256:0139c1c77468f75e6763a4612262743bd47a36b26cb2863d662756b3377bb029'
const good = {
  schemaVersion: 1,
  name: 'library/alpine',
  tag: '3.1',
  architecture: 'amd64',
  fsLayers: [{ blobSum: layer }],
  history: [{ v1Compatibility: '{}' }],
}

const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const signed = (value: unknown): Uint8Array => signManifest(encode(value), key, exampleTime)
const told = (faults: readonly { code: string; detail: unknown }[]) => faults.map(({ code, detail }) => [code, detail])

function refusalOf(open: () => unknown): unknown {
  try {
    open()
    return undefined
  } catch (error) {
    const faults = registryErrors(error)
    if (faults.length === 0) throw error
    return told(faults)
  }
}

describe('a schema1 manifest that is pushed', () => {
  it('is what was signed, and names its layers', () => {
    const { payload, manifest, faults } = openSchema1(Buffer.from(exampleSigned))
    expect(Buffer.from(payload).toString()).toBe(examplePayload)
    expect(faults).toEqual([])
    expect(manifest).toEqual({
      mediaType: mediaTypes.schema1Signed,
      kind: 'image',
      references: [
        {
          descriptor: { mediaType: mediaTypes.schema1Layer, digest: layer, size: 0 },
          role: 'layer',
          field: 'fsLayers[0].blobSum',
        },
      ],
    })
    expect(imageClass(manifest)).toBe('image')
  })

  it.each([
    ['is not signed', encode(good), 'missing signature key: a schema1 manifest must be signed', 'signatures'],
    ['is of another version', signed({ ...good, schemaVersion: 2 }), 'must be 1', 'schemaVersion'],
    [
      'is signed within what is signed',
      signManifest(encode({ ...good, signatures: [] }), key, exampleTime),
      'is there twice',
      'signatures',
    ],
  ])('is refused where it %s', (_, content, reason, field) => {
    expect(refusalOf(() => openSchema1(content))).toEqual([['MANIFEST_INVALID', { reason, field }]])
  })

  const invalid = (reason: string, field: string) => ['MANIFEST_INVALID', { reason, field }]
  it.each<[string, object, readonly unknown[]]>([
    [
      'a name that is none',
      { name: 'a/UP' },
      [['NAME_INVALID', { name: 'a/UP', reason: 'repository name must be lowercase' }]],
    ],
    ['a name with a tag', { name: 'a:b' }, [['NAME_INVALID', { name: 'a:b', reason: 'invalid manifest name format' }]]],
    [
      'a name without end',
      { name: 'a'.repeat(100_000) },
      [['NAME_INVALID', { name: 'a'.repeat(255), reason: 'manifest name must not be more than 255 characters' }]],
    ],
    ['no name', { name: undefined }, [invalid('must be a string', 'name')]],
    ['a number for a tag', { tag: 1 }, [invalid('must be a string', 'tag')]],
    [
      'more history than layers',
      { history: [...good.history, ...good.history] },
      [invalid('mismatched history and fslayer cardinality 2 != 1', 'history')],
    ],
    ['nothing', { history: [], fsLayers: [] }, [invalid('must have at least one entry', 'history')]],
    [
      'a history without end',
      {
        history: Array.from({ length: 1025 }, () => good.history[0]),
        fsLayers: Array.from({ length: 1025 }, () => good.fsLayers[0]),
      },
      [invalid('must not have more than 1024 entries', 'history')],
    ],
    [
      'history that is no text',
      { history: [{ v1Compatibility: {} }] },
      [invalid('must be a string', 'history[0].v1Compatibility')],
    ],
    [
      'two digests that are none, and a name',
      {
        name: 'a:b',
        fsLayers: [{ blobSum: 'asdf' }, { blobSum: 'qwer' }],
        history: [...good.history, ...good.history],
      },
      [
        ['NAME_INVALID', { name: 'a:b', reason: 'invalid manifest name format' }],
        ['DIGEST_INVALID', { digest: 'asdf', reason: 'invalid checksum digest format' }],
        ['DIGEST_INVALID', { digest: 'qwer', reason: 'invalid checksum digest format' }],
      ],
    ],
    ['a layer that is null', { fsLayers: [null] }, [invalid('must be a string', 'fsLayers[0].blobSum')]],
  ])('has all its faults told where it has %s', (_, changes, expected) => {
    expect(told(openSchema1(signed({ ...good, ...changes })).faults)).toEqual(expected)
  })

  it.each([
    ['layers', { fsLayers: {} }, 'fsLayers'],
    ['a history', { history: 'x', fsLayers: {} }, 'fsLayers'],
  ])('is refused where it has no list of %s', (_, changes, field) => {
    expect(refusalOf(() => openSchema1(signed({ ...good, ...changes })))).toEqual([invalid('must be a list', field)])
  })

  it('is good or has faults, whatever was signed', () => {
    const changes = fc.record(
      {
        name: fc.jsonValue(),
        tag: fc.jsonValue(),
        fsLayers: fc.oneof(fc.jsonValue(), fc.array(fc.record({ blobSum: fc.oneof(fc.string(), fc.constant(layer)) }))),
        history: fc.oneof(fc.jsonValue(), fc.array(fc.record({ v1Compatibility: fc.jsonValue() }))),
        mediaType: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(changes, (fields) => {
        expect(() => refusalOf(() => openSchema1(signed({ ...good, ...fields })))).not.toThrow()
      }),
    )
  })
})

describe('a schema1 manifest that is stored', () => {
  it('names its layers, whatever else it says', () => {
    const payload = encode({ schemaVersion: 1, name: 'NOT A NAME', fsLayers: [{ blobSum: digestOf('a') }] })
    for (const parse of [parseStoredManifest, parseSchema1Payload])
      expect(parse(payload).references.map(({ descriptor }) => descriptor.digest)).toEqual([digestOf('a')])
  })

  it('names those of its layers whose digests are valid', () => {
    const payload = encode({ schemaVersion: 1, fsLayers: [{ blobSum: 'x' }, {}, { blobSum: layer }] })
    expect(parseStoredManifest(payload).references).toMatchObject([{ field: 'fsLayers[2].blobSum' }])
    expect(refusalOf(() => parseSchema1Payload(payload))).toMatchObject([
      ['DIGEST_INVALID', {}],
      ['MANIFEST_INVALID', {}],
    ])
  })
})
