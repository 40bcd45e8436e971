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
  it('is an OCI index of their descriptors, in the order given', () => {
    const [first, second] = [7, 8].map((size) => referrerDescriptor(signature, digest, size))
    const index = parseManifest(formatIndex([jsonOf(first), jsonOf(second)]), mediaTypes.ociIndex)

    expect(index.references.map(({ descriptor }) => descriptor)).toEqual([first, second])
  })

  it('has an empty list where there are no referrers', () => {
    expect(formatIndex([]).toString()).toBe(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}\n`)
  })

  it('has each descriptor byte for byte as it was given', () => {
    const written = Buffer.from('{ "annotations": {"by":"\\u00e9"} }')

    expect(formatIndex([written]).includes(written)).toBe(true)
  })
})

function jsonOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
