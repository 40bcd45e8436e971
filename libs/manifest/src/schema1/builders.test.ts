import { type Digest, digestOf, parseDigest } from '@berth/digest'
import { registryErrors } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mediaTypes } from '../media-types.ts'
import { ConfigBuilder } from './config-builder.ts'
import { emptyLayer } from './empty-layer.ts'
import { reformatTime } from './format-time.ts'
import { openSchema1 } from './parse-schema1.ts'
import { rawMembers } from './raw-members.ts'
import { ReferenceBuilder } from './reference-builder.ts'
import { SigningKey } from './signing-key.ts'
import { exampleDigest, exampleKey, examplePayload, exampleTime } from './worked-example.ts'

const identity = { key: SigningKey.parse(exampleKey), time: exampleTime }

interface Document {
  readonly fsLayers: readonly { readonly blobSum: Digest }[]
  readonly history: readonly { readonly v1Compatibility: string }[]
  readonly signatures: readonly { readonly protected: string }[]
}

function documentOf({ content }: { readonly content: Uint8Array }): Document {
  return JSON.parse(Buffer.from(content).toString()) as Document
}

const compatibilitiesOf = (built: { readonly content: Uint8Array }): Record<string, unknown>[] =>
  documentOf(built).history.map(({ v1Compatibility }) => JSON.parse(v1Compatibility) as Record<string, unknown>)

describe('a manifest built of references', () => {
  const builder = () => new ReferenceBuilder({ ...identity, name: 'library/alpine', tag: '3.1', architecture: 'amd64' })
  const step = {
    digest: parseDigest('sha256:0139c1c77468f75e6763a4612262743bd47a36b26cb2863d662756b3377bb029'),
    history: '{"id":"a56145270ce6b3bebd1dd012b73948677dd618d496488bc608a3cb43ce3547dd"}',
  }

  it('is Docker’s, byte for byte', () => {
    const built = builder().append(step).build()
    expect(built).toMatchObject({ mediaType: mediaTypes.schema1Signed, digest: exampleDigest, blobs: [] })
    expect(Buffer.from(openSchema1(built.content).payload).toString()).toBe(examplePayload)
  })

  it('lists first what was appended last', () => {
    const built = builder()
      .append(step)
      .append({ digest: digestOf('top'), history: '{"id":"top"}' })
      .build()
    expect(documentOf(built).fsLayers.map(({ blobSum }) => blobSum)).toEqual([digestOf('top'), step.digest])
    expect(openSchema1(built.content).manifest.references.map(({ descriptor }) => descriptor.mediaType)).toEqual([
      mediaTypes.schema1Layer,
      mediaTypes.schema1Layer,
    ])
  })

  it('cannot be of none', () => {
    expect(() => builder().build()).toThrow('manifest invalid')
    expect(reasonOf(() => builder().build())).toBe('cannot build manifest with zero layers or history')
  })
})

describe('the layer of a step that made none', () => {
  it('is a gzipped archive of nothing, which everyone has', () => {
    expect(emptyLayer.digest).toBe('sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4')
    expect(digestOf(emptyLayer.content)).toBe(emptyLayer.digest)
    expect(emptyLayer.content).toHaveLength(32)
  })
})

describe('a manifest built of a configuration', () => {
  const config =
    '{"architecture":"amd64","os":"linux","config":{"Env":["A=b"]},"created":"2020-01-01T00:00:00Z","rootfs":{"type":"layers","diff_ids":["sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]},"history":[{"created":"2020-01-01T00:00:00Z","created_by":"/bin/sh -c #(nop) ADD file"},{"created":"2020-01-01T00:00:01Z","created_by":"/bin/sh -c #(nop) CMD","empty_layer":true}]}'
  const layerOne = parseDigest('sha256:0139c1c77468f75e6763a4612262743bd47a36b26cb2863d662756b3377bb029')

  function build(content: string, layers: readonly Digest[] = [layerOne]) {
    const builder = new ConfigBuilder({ ...identity, name: 'img', tag: 'v1', config: Buffer.from(content) })
    for (const digest of layers) builder.append({ digest })
    return builder.build()
  }

  it('is Distribution’s, byte for byte', () => {
    expect(config).toHaveLength(389)
    const built = build(config)
    expect(built.digest).toBe('sha256:1114ed2604d472c13db43db9ff84a3bc38ed7341807f82bdd875a5e5f9a38a2a')
    expect(built.blobs).toEqual([emptyLayer])
    const { fsLayers, history, signatures } = documentOf(built)
    expect(fsLayers.map(({ blobSum }) => blobSum)).toEqual([emptyLayer.digest, layerOne])
    expect(history.map(({ v1Compatibility }) => v1Compatibility)).toEqual([
      '{"architecture":"amd64","config":{"Env":["A=b"]},"created":"2020-01-01T00:00:00Z","id":"16bf92ce023dd3c336149ccfefc32ddae66df413ec73976d0019ad8e8527d51e","os":"linux","parent":"6539f873d57f83d93409920b72b103800bf39a6d8be28ac0577464c12956b89a","throwaway":true}',
      '{"id":"6539f873d57f83d93409920b72b103800bf39a6d8be28ac0577464c12956b89a","created":"2020-01-01T00:00:00Z","container_config":{"Cmd":["/bin/sh -c #(nop) ADD file"]}}',
    ])
    const region = Buffer.from(signatures[0]?.protected ?? '', 'base64url').toString()
    expect(JSON.parse(region)).toMatchObject({ formatLength: 912, formatTail: 'Cn0' })
    expect(openSchema1(built.content)).toMatchObject({ faults: [] })
  })

  const digests = [
    emptyLayer.digest,
    parseDigest('sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa'),
    parseDigest('sha256:b4ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4'),
  ]
  const emptySteps = [false, false, true, true, false, true]
  const steps = (more: object = {}) =>
    JSON.stringify({
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: digests, ...more },
      history: emptySteps.map((isEmpty) => ({ created_by: 'step', ...(isEmpty && { empty_layer: true }) })),
    })

  it('has ids that follow from its layers, and a layer for each step that made none', () => {
    const built = build(steps(), digests)
    const [base, first, second] = digests as [Digest, Digest, Digest]
    expect(documentOf(built).fsLayers.map(({ blobSum }) => blobSum)).toEqual([
      emptyLayer.digest,
      second,
      emptyLayer.digest,
      emptyLayer.digest,
      first,
      base,
    ])
    const ids = compatibilitiesOf(built).map(({ id }) => id)
    expect(ids.slice(1).toReversed()).toEqual([
      '3690474eb5b4b26fdfbd89c6e159e8cc376ca76ef48032a30fa6aafd56337880',
      '9e3447ca24cb96d86ebd5960cb34d1299b07e0a0e03801d90b9969a2c187dd6e',
      'b449305a55a283538c4574856a8b701f2a3d5ec08ef8aec47f385f20339a4866',
      '178be37afc7c49e951abd75525dbe0871b62ad49402f037164ee6314f754599d',
      '74cf9c92699240efdba1903c2748ef57105d5bedc588084c4e88f3bb1c3ef0b0',
    ])
    expect(compatibilitiesOf(built).map(({ parent }) => parent)).toEqual([...ids.slice(1), undefined])
  })

  it('has the base of Windows as the parent of its first layer', () => {
    const parents = compatibilitiesOf(build(steps({ base_layer: 'windows' }), digests)).map(({ parent }) => parent)
    expect(parents.at(-1)).toMatch(/^[0-9a-f]{64}$/)
    expect(parents.at(-2)).toBe('3690474eb5b4b26fdfbd89c6e159e8cc376ca76ef48032a30fa6aafd56337880')
  })

  it('has members in the order of their bytes, not of UTF-16', () => {
    const config = JSON.stringify({ '\u{1f600}': 1, '\uffee': 2, z: 3, rootfs: { diff_ids: ['x'] }, history: [{}] })
    const [{ v1Compatibility: top }] = documentOf(build(config)).history as [Document['history'][0]]
    expect(top).toMatch(/^\{"id":"[0-9a-f]{64}","z":3,"\uffee":2,"\u{1f600}":1\}$/u)
  })

  it('keeps what it does not know as it is written, in order, without white space', () => {
    const odd = `{ "z" : [ 1.0 , 1e3, 12345678901234567890 ], "B": "\\u00e9 \\/ <&>", "a": null, "b": {"y": 1, "x": "a  b"},
      "created": "2020-01-01T00:00:00Z", "rootfs": {"diff_ids": ["x"]}, "history": [{"created_by": "<step>"}] }`
    const [{ v1Compatibility: top }] = documentOf(build(odd)).history as [Document['history'][0]]
    expect(top).toBe(
      `{"B":"\\u00e9 \\/ \\u003c\\u0026\\u003e","a":null,"b":{"y":1,"x":"a  b"},"created":"2020-01-01T00:00:00Z","id":"${
        (JSON.parse(top) as { id: string }).id
      }","z":[1.0,1e3,12345678901234567890]}`,
    )
  })

  it.each([
    ['no history', '{"rootfs":{"diff_ids":["x"]}}', 'empty history when trying to create schema1 manifest'],
    ['an empty history', '{"history":[]}', 'empty history when trying to create schema1 manifest'],
    ['no rootfs', '{"history":[{}]}', 'image configuration: rootfs must be an object'],
    [
      'other layers than the manifest',
      '{"history":[{}],"rootfs":{"diff_ids":["x","y"]}}',
      'number of descriptors and number of layers in rootfs must match: 1 and 2',
    ],
    [
      'more steps than layers',
      '{"history":[{},{}],"rootfs":{"diff_ids":["x"]}}',
      'too many non-empty layers in History section',
    ],
    ['a history of texts', '{"history":["x"]}', 'image configuration: history[0] must be an object'],
    ['a history that is none', '{"history":{}}', 'image configuration: history must be a list'],
    [
      'a time that is none',
      '{"history":[{"created":"now"}]}',
      'image configuration: history[0].created must be a time of RFC 3339',
    ],
    [
      'a comment that is a number',
      '{"history":[{"comment":1}]}',
      'image configuration: history[0].comment must be a string',
    ],
    [
      'a step that is empty in words',
      '{"history":[{"empty_layer":"yes"}]}',
      'image configuration: history[0].empty_layer must be true or false',
    ],
    [
      'an architecture that is a list',
      '{"history":[{}],"rootfs":{},"architecture":[]}',
      'image configuration: architecture must be a string',
    ],
    [
      'a history without end',
      JSON.stringify({
        history: Array.from({ length: 1025 }, () => ({ empty_layer: true })),
        rootfs: { diff_ids: ['x'] },
      }),
      'more than 1024 entries of history are too many for schema1',
    ],
    [
      'as much as no manifest may have',
      JSON.stringify({ history: [{}], rootfs: { diff_ids: ['x'] }, filler: '<'.repeat(700_000) }),
      'would be larger than 4 MiB as schema1',
    ],
    [
      'as much as would be too much once it is written as a text',
      JSON.stringify({ history: [{}], rootfs: { diff_ids: ['x'] }, filler: '<'.repeat(650_000) }),
      'would be larger than 4 MiB as schema1',
    ],
    [
      'more members than any',
      JSON.stringify(Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`m${index}`, 1]))),
      'image configuration: must not have more than 1024 members',
    ],
    ['no JSON', '{', 'not valid JSON'],
    ['a list', '[]', 'must be a JSON object'],
  ])('cannot be of a configuration that has %s', (_, content, reason) => {
    expect(reasonOf(() => build(content))).toMatch(new RegExp(`^${reason.replace(/[[\]().]/g, '\\$&')}`))
  })

  it('is refused or good, whatever a configuration says', () => {
    const entry = fc.oneof(
      fc.jsonValue(),
      fc.record({ created: fc.string(), empty_layer: fc.boolean(), created_by: fc.string() }, { requiredKeys: [] }),
      fc.record({ empty_layer: fc.boolean(), created_by: fc.string({ unit: 'binary' }) }),
    )
    const content = fc.record(
      {
        history: fc.oneof(fc.jsonValue(), fc.array(entry, { maxLength: 4 })),
        rootfs: fc.oneof(fc.jsonValue(), fc.constant({ diff_ids: ['x'] })),
        architecture: fc.oneof(fc.jsonValue(), fc.string()),
        other: fc.jsonValue(),
        id: fc.jsonValue(),
      },
      { requiredKeys: ['history', 'rootfs'] },
    )
    fc.assert(
      fc.property(content, (value) => {
        const refused = reasonOf(() => {
          const { content: signed, digest } = build(JSON.stringify(value))
          const opened = openSchema1(signed)
          expect(digestOf(opened.payload)).toBe(digest)
        })
        expect(refused === undefined || refused !== '').toBe(true)
      }),
    )
  })
})

describe('times', () => {
  it.each([
    ['2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z'],
    ['2020-01-01T00:00:00.120300Z', '2020-01-01T00:00:00.1203Z'],
    ['2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00Z'],
    ['2020-01-01T00:00:00.1234567891Z', '2020-01-01T00:00:00.123456789Z'],
    ['2020-01-01T00:00:00+00:00', '2020-01-01T00:00:00Z'],
    ['2020-02-29T23:59:59+05:30', '2020-02-29T23:59:59+05:30'],
    [undefined, '0001-01-01T00:00:00Z'],
    [null, '0001-01-01T00:00:00Z'],
  ])('%s is written %s', (text, expected) => {
    expect(reformatTime(text)).toBe(expected)
  })

  it.each([
    '',
    'now',
    '2021-02-29T00:00:00Z',
    '2020-01-01T24:00:00Z',
    '2020-01-01 00:00:00Z',
    '2020-13-01T00:00:00Z',
    1,
  ])('%j is none', (text) => {
    expect(reformatTime(text)).toBeUndefined()
  })
})

describe('the members of an object as they are written', () => {
  it('are those that it has, whatever they are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom('', ' ', '\n\t'), (object, indent) => {
        const json = JSON.stringify(object, undefined, indent)
        const expected = Object.entries(JSON.parse(json) as object).map(([name, value]) => [
          name,
          JSON.stringify(value),
        ])
        expect([...rawMembers(json)]).toEqual(expected)
      }),
    )
  })

  it('are the last of those that have one name', () => {
    expect([...rawMembers('{"a":1,"b":[{"a":3}],"a":2}')]).toEqual([
      ['a', '2'],
      ['b', '[{"a":3}]'],
    ])
  })

  it('are found in an instant, however large', () => {
    const text = '\\\\'.repeat(1_000_000)
    expect(rawMembers(`{"a":"${text}"}`).get('a')).toHaveLength(text.length + 2)
  })
})

function reasonOf(build: () => unknown): string | undefined {
  try {
    build()
    return undefined
  } catch (error) {
    const [fault] = registryErrors(error)
    if (fault === undefined) throw error
    return (fault.detail as { reason: string }).reason
  }
}
