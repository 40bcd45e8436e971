import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectMediaType } from './detect-media-type.ts'
import { mediaTypes } from './media-types.ts'

const { schema2, manifestList, ociManifest, ociIndex, ociArtifact, schema1Signed } = mediaTypes

describe('the media type of stored bytes', () => {
  it.each([
    ['names in another case', `{"SchemaVersion":2,"MEDIATYPE":"${schema2}"}`, schema2],
    ['the later of two', `{"schemaVersion":2,"mediaType":"${schema2}","mediaType":"${ociIndex}"}`, ociIndex],
    ['a size that is none', `{"schemaVersion":2,"config":{"size":"x"}}`, ociManifest],
    ['a million values', `{"schemaVersion":2,"x":[${'{},'.repeat(1_000_000)}{}]}`, ociManifest],
    ['a thousand levels', `{"schemaVersion":2,"x":${'['.repeat(1000)}${']'.repeat(1000)}}`, ociManifest],
  ])('is what Go reads in a document with %s', (_, text, expected) => {
    expect(detectMediaType(Buffer.from(text))).toBe(expected)
  })

  it('is what Go reads where text is not UTF-8', () => {
    expect(detectMediaType(Buffer.from('{"schemaVersion":2,"x":"\xff"}', 'latin1'))).toBe(ociManifest)
  })

  it.each<[string, object, string | undefined]>([
    ['schema2 that says so', { schemaVersion: 2, mediaType: schema2 }, schema2],
    ['a manifest list that says so', { schemaVersion: 2, mediaType: manifestList }, manifestList],
    ['an OCI manifest that says so', { schemaVersion: 2, mediaType: ociManifest }, ociManifest],
    ['an OCI index that says so', { schemaVersion: 2, mediaType: ociIndex }, ociIndex],
    ['an artifact manifest, which has no version', { mediaType: ociArtifact }, ociArtifact],
    ['signed schema1 for version 1', { schemaVersion: 1, name: 'a', tag: 'b' }, schema1Signed],
    ['an OCI index where it lists manifests', { schemaVersion: 2, manifests: [] }, ociIndex],
    ['an OCI index, if it has a config, too', { schemaVersion: 2, manifests: [], config: {} }, ociIndex],
    ['an OCI manifest where it lists none', { schemaVersion: 2, config: {} }, ociManifest],
    ['an OCI manifest where it says null', { schemaVersion: 2, mediaType: null, manifests: null }, ociManifest],
    ['an OCI manifest where its own is empty', { schemaVersion: 2, mediaType: '' }, ociManifest],
    ['unknown where it says another', { schemaVersion: 2, mediaType: 'text/plain' }, undefined],
    ['unknown where it says a number', { schemaVersion: 2, mediaType: 2 }, undefined],
    ['unknown for version 3', { schemaVersion: 3, mediaType: schema2 }, undefined],
    ['unknown without a version', { mediaType: schema2 }, undefined],
  ])('is %s', (_, document, expected) => {
    expect(detectMediaType(new TextEncoder().encode(JSON.stringify(document)))).toBe(expected)
  })

  it('is unknown where they are no JSON object', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => new TextEncoder().encode(text)),
        ),
        (content) => {
          expect(detectMediaType(content)).toBeUndefined()
        },
      ),
    )
  })
})
