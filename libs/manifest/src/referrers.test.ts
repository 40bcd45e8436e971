import { parseDigest } from '@berth/digest'
import { describe, expect, it } from 'vitest'
import type { Manifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'
import { parseManifest } from './parse-manifest.ts'
import { formatIndex, referrerDescriptor } from './referrers.ts'

const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
const signature: Manifest = { mediaType: mediaTypes.ociManifest, kind: 'image', references: [] }

describe('a referrer', () => {
  it('is shown with its artifact type and its annotations', () => {
    const annotations = { 'com.example.by': 'someone' }
    const shown = referrerDescriptor({ ...signature, artifactType: 'a/b', annotations }, digest, 7)

    expect(shown).toEqual({ mediaType: mediaTypes.ociManifest, digest, size: 7, annotations, artifactType: 'a/b' })
  })

  it('is shown without what it does not have', () => {
    expect(Object.keys(referrerDescriptor(signature, digest, 7))).toEqual(['mediaType', 'digest', 'size'])
  })
})

describe('a list of referrers', () => {
  it('is an OCI index', () => {
    const shown = referrerDescriptor(signature, digest, 7)

    const { json, count } = formatIndex([shown])

    expect(count).toBe(1)
    const index = parseManifest(Buffer.from(json), mediaTypes.ociIndex)

    expect(index.references.map(({ descriptor }) => descriptor)).toEqual([shown])
  })

  it('of none has an empty list', () => {
    expect(formatIndex([])).toEqual({
      json: `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`,
      count: 0,
    })
  })

  it('ends with the last that it has room for', () => {
    const shown = referrerDescriptor({ ...signature, annotations: { by: 'é' } }, digest, 7)
    const all = [shown, shown, shown]
    const two = formatIndex([shown, shown]).json
    const maxSize = Buffer.byteLength(formatIndex(all).json)

    expect(formatIndex(all, maxSize - 1)).toEqual({ json: two, count: 2 })
    expect(formatIndex(all, maxSize + 1).count).toBe(3)
  })

  it('has one, however large that is', () => {
    expect(formatIndex([referrerDescriptor(signature, digest, 7)], 1).count).toBe(1)
  })
})
