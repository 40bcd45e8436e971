import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDescriptor } from './descriptor.ts'

const digest = `sha256:${'a'.repeat(64)}`
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 7143 }

function faultOf(value: unknown): RegistryError | undefined {
  try {
    parseDescriptor(value, 'layers[2]')
    return undefined
  } catch (error) {
    if (error instanceof RegistryError) return error
    throw error
  }
}

describe('a descriptor', () => {
  it('keeps every field, those that nobody knows too', () => {
    const full = {
      ...layer,
      urls: ['https://example.com/layer'],
      annotations: { 'org.opencontainers.image.title': 'layer.tar' },
      data: 'e30=',
      platform: { architecture: 'arm64', os: 'linux', variant: 'v8', 'os.features': ['a'], features: ['sse4'] },
      artifactType: 'application/vnd.example+type',
      'com.example.unknown': { nested: [1, null] },
    }

    expect(parseDescriptor(full, 'config')).toEqual(full)
  })

  it('keeps its fields in their order', () => {
    const text = `{"size":1,"x":0,"digest":"${digest}","mediaType":"text/plain"}`

    expect(JSON.stringify(parseDescriptor(JSON.parse(text), 'config'))).toBe(text)
  })

  it('takes null in an optional field for nothing', () => {
    const nulls = { urls: null, annotations: null, data: null, platform: null, artifactType: null }

    expect(parseDescriptor({ ...layer, ...nulls }, 'config')).toEqual(layer)
  })

  it('may have a platform that says little', () => {
    expect(parseDescriptor({ ...layer, platform: {} }, 'config').platform).toEqual({})
  })

  it.each([
    ['is missing', undefined, 'layers[2]', 'must be a descriptor object'],
    ['is null', null, 'layers[2]', 'must be a descriptor object'],
    ['is a list', [], 'layers[2]', 'must be a descriptor object'],
    ['is text', digest, 'layers[2]', 'must be a descriptor object'],
    ['has no media type', { digest, size: 1 }, 'layers[2].mediaType', 'must be a string'],
    ['has no digest', { mediaType: 'a/b', size: 1 }, 'layers[2].digest', 'must be a string'],
    ['has no size', { mediaType: 'a/b', digest }, 'layers[2].size', 'must be a number of bytes, zero or more'],
    ['has a size below zero', { ...layer, size: -1 }, 'layers[2].size', 'must be a number of bytes, zero or more'],
    ['has half a byte', { ...layer, size: 0.5 }, 'layers[2].size', 'must be a number of bytes, zero or more'],
    ['has a size of text', { ...layer, size: '1' }, 'layers[2].size', 'must be a number of bytes, zero or more'],
    ['has a size too large', { ...layer, size: 2 ** 53 }, 'layers[2].size', 'must be a number of bytes, zero or more'],
    ['has one URL and no list', { ...layer, urls: 'http://a' }, 'layers[2].urls', 'must be a list of strings'],
    ['has a URL that is a number', { ...layer, urls: [1] }, 'layers[2].urls', 'must be a list of strings'],
    [
      'has annotations in a list',
      { ...layer, annotations: [] },
      'layers[2].annotations',
      'must map strings to strings',
    ],
    [
      'has a numeric annotation',
      { ...layer, annotations: { a: 1 } },
      'layers[2].annotations',
      'must map strings to strings',
    ],
    ['has data that is no text', { ...layer, data: {} }, 'layers[2].data', 'must be a string'],
    ['has a numeric artifact type', { ...layer, artifactType: 1 }, 'layers[2].artifactType', 'must be a string'],
    ['has a platform of text', { ...layer, platform: 'linux' }, 'layers[2].platform', 'must be a platform object'],
    ['has a numeric os', { ...layer, platform: { os: 1 } }, 'layers[2].platform.os', 'must be a string'],
  ])('is refused, with its place, where it %s', (_, value, field, reason) => {
    const fault = faultOf(value)

    expect(fault?.code).toBe('MANIFEST_INVALID')
    expect(fault?.detail).toEqual({ field, reason })
  })

  it('is refused where its digest is not one', () => {
    const fault = faultOf({ ...layer, digest: 'sha256:abc' })

    expect(fault?.code).toBe('DIGEST_INVALID')
    expect(fault?.detail).toEqual({ digest: 'sha256:abc', reason: 'invalid checksum digest length' })
  })

  it('is parsed or refused with a registry error, whatever it is', () => {
    const fields = { mediaType: fc.jsonValue(), digest: fc.jsonValue(), size: fc.jsonValue() }
    const mutated = fc.dictionary(
      fc.constantFrom('urls', 'platform', 'size', 'data', 'annotations', 'x'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.record(fields),
          mutated.map((by) => ({ ...layer, ...by })),
        ),
        (value) => {
          expect(() => faultOf(value)).not.toThrow()
        },
      ),
    )
  })

  it('that was parsed is the same when it is parsed again', () => {
    const extra = fc.dictionary(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(extra, fc.nat(), (fields, size) => {
        const value: unknown = JSON.parse(JSON.stringify({ ...fields, ...layer, size }))
        fc.pre(faultOf(value) === undefined)
        const once = parseDescriptor(value, 'config')
        expect(parseDescriptor(JSON.parse(JSON.stringify(once)), 'config')).toEqual(once)
      }),
    )
  })
})
