import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import { emptyLayer, ImageBuilder, mediaTypes, SigningKey } from '@berth/manifest'
import type { Tag } from '@berth/reference'
import { layout } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it } from 'vitest'
import { codesOf, elsewhere, faultsOf, latest, repository, tagsNamed } from '../suite/build-manifests.ts'
import { strictPolicy } from '../suite/index.ts'
import { openManifests } from './index.ts'
import type { Schema1Options } from './schema1-manifests.ts'

const payload = Buffer.from('{"schemaVersion":1,"name":"library/alpine","tag":"latest","fsLayers":[],"history":[]}')

function services(storage: MemoryDriver, schema1: Schema1Options = {}) {
  const blobs = new StoredBlobs({ storage })
  return { blobs, ...openManifests({ storage, blobs, policy: strictPolicy, isExclusive: true, schema1 }) }
}

/** A tree with a schema1 manifest that Distribution stored: its payload alone. */
async function adopted(): Promise<MemoryDriver> {
  const storage = new MemoryDriver()
  const digest = digestOf(payload)
  await storage.put(layout.blobDataPath(digest), payload)
  for (const path of [
    layout.revisionLinkPath(repository, digest),
    layout.tagCurrentLinkPath(repository, latest),
    layout.tagIndexLinkPath(repository, latest, digest),
  ])
    await storage.put(path, layout.formatLink(digest))
  return storage
}

describe('a schema1 manifest that Distribution stored', () => {
  it('is served though none are accepted, signed by the key that is configured, at the time', async () => {
    const key = SigningKey.generate()
    const { manifests } = services(await adopted(), { key, now: () => new Date('2026-02-03T04:05:06.789Z') })
    const found = await manifests.get(repository, latest)
    expect(found).toMatchObject({ digest: digestOf(payload), mediaType: mediaTypes.schema1Signed })
    const { signatures } = JSON.parse(Buffer.from(found.content).toString()) as {
      signatures: { header: { jwk: { kid: string } }; protected: string }[]
    }
    expect(signatures.map(({ header }) => header.jwk.kid)).toEqual([key.publicKey.id])
    const region: unknown = JSON.parse(Buffer.from(signatures[0]?.protected ?? '', 'base64url').toString())
    expect(region).toMatchObject({ time: '2026-02-03T04:05:06Z' })
  })

  it('is signed once, and stays what it was in storage', async () => {
    const storage = await adopted()
    const { manifests } = services(storage)
    const first = await manifests.get(repository, latest)
    expect((await manifests.get(repository, digestOf(payload))).content).toBe(first.content)
    const { size } = await storage.stat(layout.blobDataPath(digestOf(payload)))
    expect(size).toBe(payload.byteLength)
  })
})

describe('a read-only registry', () => {
  const config = Buffer.from('{"rootfs":{},"history":[{"empty_layer":true}]}')

  it('gives schema1 only where it need store nothing for it', async () => {
    const { manifests, blobs } = services(new MemoryDriver(), { mayStoreLayer: false })
    await blobs.put(repository, config)
    const { content } = new ImageBuilder({ mediaType: mediaTypes.schema2, config }).build()
    await manifests.put(repository, { mediaType: mediaTypes.schema2, tags: [latest], content })
    expect(await faultsOf(manifests.get(repository, latest, 'schema1'))).toMatchObject([
      ['UNSUPPORTED', { reason: expect.stringContaining(emptyLayer.digest) as string }],
    ])
    await blobs.put(repository, emptyLayer.content)
    expect(await codesOf(manifests.get(repository, latest, 'schema1'))).toEqual([])
  })
})

describe('an image that is asked for as schema1', () => {
  const config = Buffer.from('{"rootfs":{"diff_ids":[]},"history":[{"empty_layer":true}],"secret":"of its repository"}')
  const { content } = new ImageBuilder({ mediaType: mediaTypes.schema2, config }).build()
  const image = { mediaType: mediaTypes.schema2, content }

  async function pushed(tags: readonly Tag[]) {
    const storage = new MemoryDriver()
    const blobs = new StoredBlobs({ storage })
    let reads = 0
    const counted = {
      statAll: blobs.statAll.bind(blobs),
      put: blobs.put.bind(blobs),
      read: (...of: Parameters<StoredBlobs['read']>) => {
        reads += 1
        return blobs.read(...of)
      },
    }
    const policy = { ...strictPolicy, references: 'none' as const }
    const { manifests } = openManifests({ storage, blobs: counted, policy, isExclusive: true })
    await blobs.put(repository, config)
    await manifests.put(repository, { ...image, tags })
    return { manifests, blobs, reads: () => reads }
  }

  it('is converted once, however many tags it has', async () => {
    const tags = tagsNamed('a', 'b', 'c', 'd')
    const { manifests, reads } = await pushed(tags)
    const found = await Promise.all(tags.map((tag) => manifests.get(repository, tag, 'schema1')))
    const named = found.map((each) => JSON.parse(Buffer.from(each.content).toString()) as { tag: string })
    expect(named.map(({ tag }) => tag)).toEqual(tags)
    expect(new Set(found.map(({ digest }) => digest)).size).toBe(4)
    expect(reads()).toBe(1)
  })

  it('shows its configuration in no repository that does not have that', async () => {
    const { manifests, blobs } = await pushed([latest])
    await manifests.get(repository, latest, 'schema1')
    await manifests.put(elsewhere, { ...image, tags: [latest] })
    expect(await faultsOf(manifests.get(elsewhere, latest, 'schema1'))).toMatchObject([
      ['MANIFEST_INVALID', { reason: expect.stringContaining('is missing') as string }],
    ])
    await blobs.put(elsewhere, config)
    expect(await codesOf(manifests.get(elsewhere, latest, 'schema1'))).toEqual([])
  })
})

describe('an image that schema1 cannot be made of', () => {
  it('is looked at once', async () => {
    const storage = new MemoryDriver()
    const { manifests, blobs } = services(storage)
    const config = Buffer.from('{"not":"an image"}')
    const { digest } = await blobs.put(repository, config)
    const { content } = new ImageBuilder({ mediaType: mediaTypes.schema2, config }).build()
    await manifests.put(repository, { mediaType: mediaTypes.schema2, tags: [latest], content })
    const refused = await faultsOf(manifests.get(repository, latest, 'schema1'))
    expect(refused).toEqual([['MANIFEST_INVALID', { reason: 'empty history when trying to create schema1 manifest' }]])
    await blobs.unlink(repository, digest)
    expect(await faultsOf(manifests.get(repository, latest, 'schema1'))).toEqual(refused)
  })
})
