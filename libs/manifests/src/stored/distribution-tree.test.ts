import { StoredBlobs } from '@berth/blobs/stored'
import { collect } from '@berth/bytes'
import { type Digest, digestOf } from '@berth/digest'
import { mediaTypes } from '@berth/manifest'
import { parseRepositoryName, type RepositoryName } from '@berth/reference'
import { layout, parseStoragePath, type StorageDriver, StorageError } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it } from 'vitest'
import {
  absentDigest,
  childOf,
  codesOf,
  digestOfUpload,
  imageDocument,
  imageWithBlobs,
  indexDocument,
  latest,
  repository,
  tagsNamed,
  upload,
} from '../suite/build-manifests.ts'
import { strictPolicy } from '../suite/index.ts'
import type { ManifestUpload } from '../manifests.ts'
import { openManifests, type StoredManifestServices } from './index.ts'

function services(
  storage: StorageDriver,
  isExclusive = true,
  isReadOnly = false,
): StoredManifestServices & { blobs: StoredBlobs } {
  const blobs = new StoredBlobs({ storage })
  return { blobs, ...openManifests({ storage, blobs, policy: strictPolicy, isExclusive, isReadOnly }) }
}

async function textAt(storage: StorageDriver, path: string): Promise<string> {
  const { content } = await storage.read(parseStoragePath(path))
  return Buffer.from(await collect(content, 1024 * 1024)).toString()
}

async function write(storage: StorageDriver, path: string, content: string | Uint8Array): Promise<void> {
  await storage.put(parseStoragePath(path), Buffer.from(content))
}

async function namesIn(storage: StorageDriver, path: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of storage.list(parseStoragePath(path))) names.push(name)
  return names.sort()
}

/** Writes what Distribution writes for a push, and nothing else. */
async function pushedByDistribution(
  storage: StorageDriver,
  name: RepositoryName,
  { content, tags }: ManifestUpload,
): Promise<Digest> {
  const digest = digestOf(content)
  await storage.put(layout.blobDataPath(digest), content)
  await storage.put(layout.revisionLinkPath(name, digest), layout.formatLink(digest))
  for (const tag of tags) {
    await storage.put(layout.tagIndexLinkPath(name, tag, digest), layout.formatLink(digest))
    await storage.put(layout.tagCurrentLinkPath(name, tag), layout.formatLink(digest))
  }
  return digest
}

const tree = '/docker/registry/v2'
const referring = (name: string): ManifestUpload =>
  upload(imageDocument(name, { subject: { mediaType: mediaTypes.ociManifest, digest: absentDigest, size: 1 } }))

describe('the tree', () => {
  it('has a push where Distribution has it', async () => {
    const storage = new MemoryDriver()
    const { manifests, blobs } = services(storage)
    const image = await imageWithBlobs(blobs, repository, 'a', { tags: [latest] })
    await manifests.put(repository, image)

    const digest = digestOfUpload(image)
    const hex = digest.slice('sha256:'.length)
    const own = `${tree}/repositories/library/alpine/_manifests`
    expect(await textAt(storage, `${tree}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`)).toBe(image.content.toString())
    expect(await textAt(storage, `${own}/revisions/sha256/${hex}/link`)).toBe(digest)
    expect(await textAt(storage, `${own}/tags/latest/current/link`)).toBe(digest)
    expect(await textAt(storage, `${own}/tags/latest/index/sha256/${hex}/link`)).toBe(digest)
    expect(await namesIn(storage, `${tree}/repositories/library/alpine`)).toEqual(['_layers', '_manifests'])
  })

  it('has everything that a tag ever held in its index', async () => {
    const storage = new MemoryDriver()
    const { manifests, blobs } = services(storage)
    const digests: Digest[] = []
    for (const name of ['a', 'b'])
      digests.push(
        (await manifests.put(repository, await imageWithBlobs(blobs, repository, name, { tags: [latest] }))).digest,
      )
    const index = `${layout.tagRoot(repository, latest)}/index/sha256`
    expect(await namesIn(storage, index)).toEqual(digests.map((digest) => digest.slice('sha256:'.length)).sort())
  })

  it('loses the directory of a tag, and the link of a revision, as Distribution removes them', async () => {
    const storage = new MemoryDriver()
    const { manifests, blobs } = services(storage)
    const image = await imageWithBlobs(blobs, repository, 'a', { tags: tagsNamed('a', 'b') })
    await manifests.put(repository, image)
    await manifests.delete(repository, digestOfUpload(image))
    await expect(storage.stat(layout.manifestsRoot(repository))).rejects.toThrow('PATH_NOT_FOUND')
    expect(await textAt(storage, layout.blobDataPath(digestOfUpload(image)))).toBe(image.content.toString())
  })
})

describe('a manifest that Distribution stored and Berth would refuse', () => {
  const image = (more: string): string =>
    `{"schemaVersion":2,"mediaType":"${mediaTypes.schema2}","config":{"digest":"${absentDigest}","size":2}${more}}`

  it.each([
    ['look-alikes of known names', mediaTypes.schema2, image(',"Layers":[],"URLs":1')],
    ['a member that is there twice', mediaTypes.schema2, image(',"layers":[],"layers":[]')],
    ['a size below zero', mediaTypes.schema2, image(`,"layers":[{"digest":"${absentDigest}","size":-1}]`)],
    ['no descriptor at all', mediaTypes.schema2, `{"schemaVersion":2,"mediaType":"${mediaTypes.schema2}"}`],
    ['bytes that are not UTF-8', mediaTypes.schema2, image(',"x":"\xff"')],
    ['a million values', mediaTypes.schema2, image(`,"x":[${'{},'.repeat(1_000_000)}{}]`)],
    [
      'a media type by another name',
      mediaTypes.manifestList,
      `{"schemaVersion":2,"MediaType":"${mediaTypes.manifestList}","manifests":[${'{},'.repeat(300_000)}{}]}`,
    ],
    ['subjects of two names', mediaTypes.ociManifest, `{"schemaVersion":2,"Subject":{"digest":"${absentDigest}"}}`],
    ['a subject that is none', mediaTypes.ociManifest, '{"schemaVersion":2,"subject":{"digest":"x"}}'],
  ])('is served byte for byte, and listed: one with %s', async (_, mediaType, text) => {
    const storage = new MemoryDriver()
    const { manifests, catalog, referrers } = services(storage)
    const content = Buffer.from(text, 'latin1')
    const digest = await pushedByDistribution(storage, repository, { content, tags: [latest], mediaType })
    for (const reference of [latest, digest]) {
      const found = await manifests.get(repository, reference)
      expect(found).toMatchObject({ mediaType, digest })
      expect(Buffer.compare(found.content, content)).toBe(0)
    }
    // What it cannot be converted to is told as a fault of the manifest, if it is not served as it is.
    for (const newest of ['schema2', 'schema1'] as const)
      expect(['', 'MANIFEST_INVALID', 'MANIFEST_UNKNOWN']).toContain(
        (await codesOf(manifests.get(repository, latest, newest))).join(),
      )
    expect((await catalog.list({})).entries).toEqual([repository])
    expect((await referrers.list(repository, absentDigest, {})).entries).toHaveLength(
      text.includes('"Subject"') ? 1 : 0,
    )
  })

  it('is served as it is where it cannot be read to be converted', async () => {
    const storage = new MemoryDriver()
    const { manifests } = services(storage)
    for (const [mediaType, text] of [
      [
        mediaTypes.manifestList,
        `{"schemaVersion":2,"mediaType":"${mediaTypes.manifestList}","manifests":[${'{},'.repeat(300_000)}{}]}`,
      ],
      [mediaTypes.schema2, `{"schemaVersion":2,"mediaType":"${mediaTypes.schema2}","layers":[]}`],
    ] as const) {
      const content = Buffer.from(text)
      await pushedByDistribution(storage, repository, { content, tags: [latest], mediaType })
      const { content: served } = await services(storage).manifests.get(repository, latest, 'schema1')
      expect(Buffer.compare(served, content)).toBe(0)
    }
    expect(await codesOf(manifests.get(repository, latest))).toEqual([])
  })
})

describe('a push that is given up', () => {
  it('stores nothing where its content is not stored yet, and throws the reason', async () => {
    const storage = new MemoryDriver()
    const { manifests, blobs } = services(storage)
    const image = await imageWithBlobs(blobs, repository, 'a', { tags: [latest] })
    const given = manifests.put(repository, image, AbortSignal.abort(new Error('the client is gone')))
    await expect(given).rejects.toThrow('the client is gone')
    expect(await codesOf(manifests.get(repository, digestOfUpload(image)))).toEqual(['MANIFEST_UNKNOWN'])
    await expect(storage.stat(layout.blobDataPath(digestOfUpload(image)))).rejects.toThrow('PATH_NOT_FOUND')
  })
})

describe('a tree without an index that may not be written to', () => {
  it('has a catalog, which is looked for each time', async () => {
    const storage = new MemoryDriver()
    const { catalog, adopt } = services(storage, false, true)
    await adopt()
    for (const name of ['b', 'a', 'c']) {
      await pushedByDistribution(storage, parseRepositoryName(name), upload(indexDocument([])))
      expect((await catalog.list({})).entries).toContain(name)
    }
    expect(await catalog.list({ limit: 1, last: 'a' })).toEqual({ entries: ['b'], hasMore: true })
    await expect(storage.stat(layout.berthRoot)).rejects.toThrow('PATH_NOT_FOUND')
  })

  it('has referrers, and the damaged are passed over', async () => {
    const storage = new MemoryDriver()
    const digest = await pushedByDistribution(storage, repository, referring('a'))
    const damaged = await pushedByDistribution(storage, repository, referring('b'))
    await storage.put(layout.blobDataPath(damaged), Buffer.from('{}'))
    await pushedByDistribution(storage, repository, upload(indexDocument([])))
    const { referrers } = services(storage, false, true)
    expect((await referrers.list(repository, absentDigest, {})).entries).toMatchObject([{ digest }])
    await expect(storage.stat(layout.berthRoot)).rejects.toThrow('PATH_NOT_FOUND')
  })

  it('is served from its index as soon as somebody has made it', async () => {
    const storage = new MemoryDriver()
    await pushedByDistribution(storage, repository, referring('a'))
    const { catalog } = services(storage, false, true)
    expect((await catalog.list({})).entries).toEqual([repository])
    await services(storage).adopt()
    await pushedByDistribution(storage, parseRepositoryName('later'), upload(indexDocument([])))
    expect((await catalog.list({})).entries).toEqual([repository])
  })
})

describe.each([
  ['alone', true],
  ['among others', false],
])('a tree that Distribution wrote, by a process %s', (_name, isExclusive) => {
  it('is served as it is', async () => {
    const storage = new MemoryDriver()
    const image = upload(imageDocument('a'), { tags: tagsNamed('1', 'latest') })
    const digest = await pushedByDistribution(storage, repository, image)
    const { manifests, tags } = services(storage, isExclusive)
    expect(await manifests.get(repository, latest)).toMatchObject({ digest, mediaType: mediaTypes.ociManifest })
    expect(await manifests.get(repository, digest)).toMatchObject({ digest })
    expect((await tags.list(repository, {})).entries).toEqual(['1', 'latest'])
  })

  it('is in the catalog once it is asked for: what has manifests or layers, and nothing else', async () => {
    const storage = new MemoryDriver()
    for (const name of ['a', 'a/b', 'a-1/c/d'])
      await pushedByDistribution(storage, parseRepositoryName(name), upload(indexDocument([])))
    await write(storage, `${tree}/repositories/layers/only/_layers/sha256/${'0'.repeat(64)}/link`, absentDigest)
    await write(storage, `${tree}/repositories/uploads/only/_uploads/x/startedat`, '2026-01-01T00:00:00Z')
    await write(storage, `${tree}/repositories/not..a/name/_manifests/x`, '')
    await write(storage, `${tree}/repositories/a/_manifests/deep/_layers/x`, '')

    const { catalog } = services(storage, isExclusive)
    expect((await catalog.list({})).entries).toEqual(['a', 'a-1/c/d', 'a/b', 'layers/only'])
  })

  it('has its referrers once they are asked for, and the damaged are passed over', async () => {
    const storage = new MemoryDriver()
    const digest = await pushedByDistribution(storage, repository, referring('a'))
    const damaged = await pushedByDistribution(storage, repository, referring('b'))
    await storage.put(layout.blobDataPath(damaged), Buffer.from('{}'))
    const schema1 = await pushedByDistribution(storage, repository, upload({ schemaVersion: 1 }))
    const unlinked = await pushedByDistribution(storage, repository, referring('c'))
    await storage.delete(layout.revisionLinkPath(repository, unlinked))

    const { referrers, reindex, manifests } = services(storage, isExclusive)
    expect((await referrers.list(repository, absentDigest, {})).entries).toMatchObject([{ digest }])
    expect(await reindex()).toEqual({ repositories: 1, manifests: 3, referrers: 1, damaged: 1 })
    expect((await manifests.get(repository, schema1)).mediaType).toBe(mediaTypes.schema1Signed)
  })

  it('is walked once, however many ask', async () => {
    const storage = new MemoryDriver()
    await pushedByDistribution(storage, repository, referring('a'))
    const first = services(storage, isExclusive)
    const pages = await Promise.all([first.catalog.list({}), first.catalog.list({}), first.catalog.list({})])
    expect(pages.map(({ entries }) => entries)).toEqual([[repository], [repository], [repository]])

    await pushedByDistribution(storage, parseRepositoryName('later'), upload(indexDocument([])))
    expect((await services(storage, isExclusive).catalog.list({})).entries).toEqual([repository])
  })

  it('is looked through again by reindex', async () => {
    const storage = new MemoryDriver()
    const { catalog, referrers, reindex } = services(storage, isExclusive)
    expect((await catalog.list({})).entries).toEqual([])
    const digest = await pushedByDistribution(storage, repository, referring('a'))
    await reindex()
    expect((await catalog.list({})).entries).toEqual([repository])
    expect((await referrers.list(repository, absentDigest, {})).entries).toMatchObject([{ digest }])
  })

  it('can be indexed before anyone asks', async () => {
    const storage = new MemoryDriver()
    await pushedByDistribution(storage, repository, referring('a'))
    await services(storage, isExclusive).adopt()
    await pushedByDistribution(storage, parseRepositoryName('later'), upload(indexDocument([])))
    const later = services(storage, isExclusive)
    await later.adopt()
    expect((await later.catalog.list({})).entries).toEqual([repository])
  })

  it('is asked for again after a walk that failed, and then served', async () => {
    const storage = new MemoryDriver()
    await pushedByDistribution(storage, repository, referring('a'))
    const list = storage.list.bind(storage)
    storage.list = () => {
      throw new StorageError('STORAGE_UNAVAILABLE', '/', storage.name)
    }
    const { catalog } = services(storage, isExclusive)
    expect(await codesOf(catalog.list({}))).toEqual(['UNAVAILABLE'])
    storage.list = list
    expect((await catalog.list({})).entries).toEqual([repository])
  })

  it('is not taken for indexed when that was given up', async () => {
    const storage = new MemoryDriver()
    await pushedByDistribution(storage, repository, referring('a'))
    const all = services(storage, isExclusive)
    await expect(all.reindex(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
    expect((await all.catalog.list({})).entries).toEqual([repository])
  })

  it('is left for later when its process must end', async () => {
    const storage = new MemoryDriver()
    await pushedByDistribution(storage, repository, referring('a'))
    const stopped = services(storage, isExclusive).adopt(AbortSignal.abort(new Error('stopped')))
    await expect(stopped).rejects.toThrow('stopped')
    expect((await services(storage, isExclusive).catalog.list({})).entries).toEqual([repository])
  })

  it('gives what an alias points at, under the digest that was asked for', async () => {
    const storage = new MemoryDriver()
    const image = upload(imageDocument('a'))
    const digest = await pushedByDistribution(storage, repository, image)
    const alias = digestOf(image.content, 'sha512')
    await storage.put(layout.revisionLinkPath(repository, alias), layout.formatLink(digest))
    const { manifests } = services(storage, isExclusive)
    for (let times = 0; times < 2; times += 1)
      expect(await manifests.get(repository, alias)).toMatchObject({ digest: alias })
  })
})

describe.each([
  ['alone', true],
  ['among others', false],
])('what a crash leaves, to a process %s', (_name, isExclusive) => {
  const image = upload(indexDocument([]), { tags: [latest] })
  const digest = digestOfUpload(image)

  it.each([
    ['a tag', layout.tagCurrentLinkPath(repository, latest)],
    ['a revision', layout.revisionLinkPath(repository, digest)],
  ])('serves nothing for a damaged link of %s, says so, and is healed by a push', async (_what, path) => {
    const storage = new MemoryDriver()
    await services(storage).manifests.put(repository, image)
    for (const content of ['', 'sha256:abc', 'x'.repeat(5000)]) {
      await write(storage, path, content)
      const { manifests } = services(storage, isExclusive)
      await expect(manifests.get(repository, latest)).rejects.toThrow(`the link at ${path} is damaged`)
      await manifests.put(repository, image)
      expect((await manifests.get(repository, latest)).digest).toBe(digest)
      expect((await services(storage).manifests.get(repository, latest)).digest).toBe(digest)
    }
  })

  it.each([
    ['no bytes', ''],
    ['other bytes of the same size', '!'.repeat(image.content.byteLength)],
    ['too many bytes', 'x'.repeat(5 * 1024 * 1024)],
  ])('serves nothing for a manifest with %s, says so, and is healed by a push', async (_what, content) => {
    const storage = new MemoryDriver()
    await services(storage).manifests.put(repository, image)
    await write(storage, layout.blobDataPath(digest), content)
    const { manifests } = services(storage, isExclusive)
    await expect(manifests.get(repository, latest)).rejects.toThrow(`the content of ${digest} is`)
    await manifests.put(repository, image)
    expect(Buffer.from((await manifests.get(repository, latest)).content)).toEqual(image.content)
  })

  it('does not know a tag without its revision, nor a revision without its content', async () => {
    const storage = new MemoryDriver()
    await services(storage).manifests.put(repository, image)
    await storage.delete(layout.blobDataPath(digest))
    expect(await codesOf(services(storage, isExclusive).manifests.get(repository, latest))).toEqual([
      'MANIFEST_UNKNOWN',
    ])
    await storage.delete(layout.revisionLinkPath(repository, digest))
    expect(await codesOf(services(storage, isExclusive).manifests.get(repository, latest))).toEqual([
      'MANIFEST_UNKNOWN',
    ])
    await services(storage).manifests.put(repository, image)
    expect((await services(storage, isExclusive).manifests.get(repository, latest)).digest).toBe(digest)
  })

  it('lists a tag whose push was cut short, which can be removed', async () => {
    const storage = new MemoryDriver()
    await services(storage).manifests.put(repository, image)
    await storage.delete(layout.tagCurrentLinkPath(repository, latest))
    const { manifests, tags } = services(storage, isExclusive)
    expect((await tags.list(repository, {})).entries).toEqual([latest])
    expect(await codesOf(manifests.get(repository, latest))).toEqual(['MANIFEST_UNKNOWN'])
    await tags.delete(repository, latest)
    expect((await tags.list(repository, {})).entries).toEqual([])
  })

  it('deletes a revision whose link or content is damaged, among tags that are', async () => {
    const storage = new MemoryDriver()
    await services(storage).manifests.put(repository, { ...image, tags: tagsNamed('latest', 'other') })
    await write(storage, layout.tagCurrentLinkPath(repository, latest), '')
    await write(storage, layout.revisionLinkPath(repository, digest), '')
    await write(storage, layout.blobDataPath(digest), '')
    const { manifests, tags } = services(storage, isExclusive)
    await manifests.delete(repository, digest)
    expect((await tags.list(repository, {})).entries).toEqual([latest])
    expect(await codesOf(manifests.get(repository, digest))).toEqual(['MANIFEST_UNKNOWN'])
  })

  it('passes over what is no tag and no entry of the catalog', async () => {
    const storage = new MemoryDriver()
    const { manifests, tags, catalog } = services(storage, isExclusive)
    await manifests.put(repository, image)
    await write(storage, `${layout.tagsRoot(repository)}/.nfs0001`, '')
    await write(storage, `${layout.tagsRoot(repository)}/.trash/x`, '')
    await write(storage, `${layout.tagsRoot(repository)}/stray`, '')
    await write(storage, `${layout.catalogEntriesRoot}/.DS_Store`, '')
    const fresh = services(storage, isExclusive)
    expect((await fresh.tags.list(repository, {})).entries).toEqual([latest])
    expect((await fresh.catalog.list({})).entries).toEqual([repository])
    expect((await tags.list(repository, {})).entries).toEqual([latest])
    expect((await catalog.list({})).entries).toEqual([repository])
  })

  it('has a push for an index of children, after which each can be pulled', async () => {
    const storage = new MemoryDriver()
    const { manifests, blobs } = services(storage, isExclusive)
    const child = await imageWithBlobs(blobs, repository, 'child')
    await manifests.put(repository, child)
    await manifests.put(repository, upload(indexDocument([childOf(child)]), { tags: [latest] }))
    const fresh = services(storage, isExclusive)
    expect((await fresh.manifests.get(repository, latest)).mediaType).toBe(mediaTypes.ociIndex)
    expect((await fresh.manifests.get(repository, digestOfUpload(child))).digest).toBe(digestOfUpload(child))
  })
})
