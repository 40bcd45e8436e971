import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoredBlobs } from '@berth/blobs/stored'
import { ByteBudget } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import { parseTag } from '@berth/reference'
import { ObservedDriver } from '@berth/storage'
import { FilesystemDriver } from '@berth/storage-filesystem'
import { expect, it } from 'vitest'
import { codesOf, digestOfUpload, indexDocument, latest, repository, upload } from '../suite/build-manifests.ts'
import {
  describeCatalog,
  describeManifests,
  describeReferrers,
  describeSchema1,
  describeTags,
  type OpenServices,
  type ServicesUnderTest,
  strictPolicy,
} from '../suite/index.ts'
import type { ManifestPolicy } from '../manifests.ts'
import { openManifests } from './index.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

async function openInFiles(
  policy: ManifestPolicy,
  isExclusive: boolean,
  schema1 = { acceptsPushes: true },
): Promise<ServicesUnderTest & { readonly rootDirectory: string; readonly close: () => Promise<void> }> {
  const rootDirectory = await mkdtemp(join(tmpdir(), 'berth-manifests-'))
  const budget = new ByteBudget(64 * 1024 * 1024)
  const storage = await FilesystemDriver.open({ rootDirectory, budget, log: silent })
  const blobs = new StoredBlobs({ storage })
  return {
    rootDirectory,
    blobs,
    ...openManifests({ storage, blobs, policy, schema1, isExclusive }),
    close: async () => {
      await storage.close()
      await rm(rootDirectory, { recursive: true })
    },
  }
}

for (const isExclusive of [true, false]) {
  const name = isExclusive ? 'in files, alone' : 'in files, among others'
  const open: OpenServices = (policy, schema1) => openInFiles(policy, isExclusive, schema1)
  describeManifests(name, open)
  describeTags(name, open)
  describeCatalog(name, open)
  describeReferrers(name, open)
  describeSchema1(name, open)
}

it('makes the directory by which Distribution knows a repository, with the first manifest', async () => {
  const services = await openInFiles(strictPolicy, true)
  const { manifests, rootDirectory } = services
  try {
    const index = upload(indexDocument([]), { tags: [latest] })
    await manifests.put(repository, index)
    const own = join(rootDirectory, 'docker/registry/v2/repositories', repository)
    expect((await readdir(own)).sort()).toEqual(['_layers', '_manifests'])

    await manifests.delete(repository, digestOfUpload(index))
    expect(await codesOf(manifests.get(repository, latest))).toEqual(['MANIFEST_UNKNOWN'])
    expect(await readdir(own)).toContain('_layers')
  } finally {
    await services.close()
  }
})

it('passes over files that others leave where it looks', async () => {
  const services = await openInFiles(strictPolicy, false)
  const { manifests, tags, catalog, rootDirectory } = services
  try {
    await manifests.put(repository, upload(indexDocument([]), { tags: [latest] }))
    const root = join(rootDirectory, 'docker/registry/v2/repositories')
    for (const directory of [root, join(root, 'library'), join(root, repository, '_manifests/tags')])
      await writeFile(join(directory, '.DS_Store'), '')
    expect((await tags.list(repository, {})).entries).toEqual([latest])
    expect((await catalog.list({})).entries).toEqual([repository])
  } finally {
    await services.close()
  }
})

it('lists the tags of a tree that is shared again only when they have changed', async () => {
  const rootDirectory = await mkdtemp(join(tmpdir(), 'berth-manifests-'))
  const openNode = async () => {
    const budget = new ByteBudget(64 * 1024 * 1024)
    // By this clock nothing is so new that another change could look the same.
    const files = await FilesystemDriver.open({ rootDirectory, budget, log: silent, nowMs: () => Date.now() + 60_000 })
    let listings = 0
    const storage = ObservedDriver.observe(files, (action) => void (listings += action === 'List' ? 1 : 0))
    const services = openManifests({
      storage,
      blobs: new StoredBlobs({ storage }),
      policy: strictPolicy,
      isExclusive: false,
    })
    const tags = async () => (await services.tags.list(repository, {})).entries
    return { ...services, list: tags, listings: () => listings, close: () => files.close() }
  }
  const nodes = [await openNode(), await openNode()] as const
  const [one, other] = nodes
  try {
    await one.manifests.put(repository, upload(indexDocument([]), { tags: [latest] }))
    expect(await one.list()).toEqual(['latest'])
    const before = one.listings()
    expect(await one.list()).toEqual(['latest'])
    expect(one.listings()).toBe(before)

    await other.manifests.put(repository, upload(indexDocument([]), { tags: [parseTag('v1')] }))
    expect(await one.list()).toEqual(['latest', 'v1'])
    await other.tags.delete(repository, latest)
    expect(await one.list()).toEqual(['v1'])
    const page = await one.tags.list(repository, { limit: 1, last: 'a' })
    expect(page).toEqual({ entries: ['v1'], hasMore: false })
  } finally {
    for (const node of nodes) await node.close()
    await rm(rootDirectory, { recursive: true })
  }
})
