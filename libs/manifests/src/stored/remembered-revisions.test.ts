import { StoredBlobs, TieredDescriptors } from '@berth/blobs/stored'
import { MemorySharedDescriptors, MemorySharedState } from '@berth/blobs/suite'
import { digestOf } from '@berth/digest'
import { layout, type StoragePath } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { codesOf, digestOfUpload, indexDocument, latest, repository, upload } from '../suite/build-manifests.ts'
import { strictPolicy } from '../suite/index.ts'
import { openManifests, type StoredManifestServices } from './index.ts'
import { ManifestContents } from './manifest-contents.ts'

const index = upload(indexDocument([]), { tags: [latest] })
const digest = digestOfUpload(index)
const link = layout.revisionLinkPath(repository, digest)
const unknown = ['MANIFEST_UNKNOWN']
const down = (): Promise<never> => Promise.reject(new Error('connection refused'))

/** A driver whose calls are listed, and can be held up once they are done. */
class WatchedDriver extends MemoryDriver {
  calls: string[] = []
  after: (call: string) => Promise<unknown> | undefined = () => undefined
  readonly writesAreCheap?: true

  constructor(options: { writesAreCheap?: true } = {}) {
    super()
    if (options.writesAreCheap) this.writesAreCheap = true
  }

  override async read(...args: Parameters<MemoryDriver['read']>): ReturnType<MemoryDriver['read']> {
    const found = await super.read(...args)
    await this.#called('read', args[0])
    return found
  }

  override async put(...args: Parameters<MemoryDriver['put']>): Promise<void> {
    await super.put(...args)
    await this.#called('put', args[0])
  }

  async #called(method: string, path: StoragePath): Promise<void> {
    const call = `${method} ${kindOf(path)}`
    this.calls.push(call)
    await this.after(call)
  }
}

function kindOf(path: StoragePath): string {
  if (path === link) return 'link'
  if (path === layout.layersMarkerPath(repository)) return 'marker'
  return path.includes('/tags/') ? 'tag' : 'content'
}

describe('revisions that others remove, too', () => {
  let nowMs: number
  let storage: WatchedDriver
  let state: MemorySharedState
  let mine: MemorySharedDescriptors
  let yours: MemorySharedDescriptors

  beforeEach(async () => {
    nowMs = 0
    storage = new WatchedDriver()
    state = new MemorySharedState(() => nowMs)
    mine = new MemorySharedDescriptors(state)
    yours = new MemorySharedDescriptors(state)
    await open().manifests.put(repository, index)
    storage.calls = []
  })

  const open = (cache?: TieredDescriptors): StoredManifestServices =>
    openManifests({ storage, blobs: new StoredBlobs({ storage }), policy: strictPolicy, isExclusive: false, cache })

  const replica = (shared?: MemorySharedDescriptors): StoredManifestServices =>
    open(new TieredDescriptors({ shared, nowMs: () => nowMs }))

  const get = async ({ manifests }: StoredManifestServices): Promise<readonly string[]> =>
    codesOf(manifests.get(repository, digest))

  it('are asked for each time where nothing is remembered', async () => {
    const { manifests } = open()
    for (let times = 0; times < 2; times += 1) await manifests.get(repository, digest)
    expect(storage.calls).toEqual(['read link', 'read content', 'read link'])
  })

  describe.each(['alone', 'by all replicas'])('remembered %s', (by) => {
    const open = (): StoredManifestServices => replica(by === 'alone' ? undefined : mine)

    it('are asked for once by their digest, and by a tag for the tag', async () => {
      const { manifests } = open()
      for (let times = 0; times < 3; times += 1) await manifests.get(repository, digest)
      expect(storage.calls).toEqual(['read link', 'read content'])
      await manifests.get(repository, latest)
      expect(storage.calls.slice(2)).toEqual(['read tag'])
    })

    it('are known where they were pushed', async () => {
      const { manifests } = open()
      await manifests.put(repository, index)
      storage.calls = []
      await manifests.get(repository, digest)
      expect(storage.calls).toEqual(['read content'])
    })

    it('are unknown at once where they were deleted', async () => {
      const services = open()
      await services.manifests.get(repository, digest)
      await services.manifests.delete(repository, digest)
      expect(await get(services)).toEqual(unknown)
      expect(await codesOf(services.manifests.delete(repository, digest))).toEqual(unknown)
    })

    it('are asked for again after 30 seconds, or as long as the cache has them', async () => {
      const services = open()
      await get(services)
      await storage.delete(link)
      nowMs = 29_999
      expect(await get(services)).toEqual([])
      nowMs = by === 'alone' ? 30_000 : 3_600_000
      expect(await get(services)).toEqual(unknown)
    })

    it('are not what decides whether a tag may be told of', async () => {
      const { manifests } = open()
      await manifests.get(repository, digest)
      let isRemoved = false
      storage.after = (call) => {
        if (call !== 'put tag' || isRemoved) return undefined
        isRemoved = true
        return storage.delete(link)
      }
      const other = upload(indexDocument([], { annotations: { name: 'other' } }), { tags: [latest] })
      await manifests.put(repository, other)
      isRemoved = false
      await manifests.put(repository, index)
      expect(await storage.stat(link)).toMatchObject({ size: digest.length })
    })

    it('are forgotten where their content is gone', async () => {
      const services = open()
      await services.manifests.put(repository, index)
      await storage.delete(layout.blobDataPath(digest))
      expect(await get(services)).toEqual(unknown)
      storage.calls = []
      expect(await get(services)).toEqual(unknown)
      expect(storage.calls).toEqual(['read link'])
    })

    it('are not remembered by who read the link before it was removed', async () => {
      const [services, others] = [open(), by === 'alone' ? undefined : replica(yours)]
      let isRemoved = false
      storage.after = (call) => {
        if (call !== 'read link' || isRemoved) return undefined
        isRemoved = true
        return (others ?? services).manifests.delete(repository, digest)
      }
      expect(await get(services)).toEqual([])
      expect(await get(services)).toEqual(unknown)
    })

    it('are not remembered by who wrote the link before it was removed', async () => {
      const [services, others] = [open(), by === 'alone' ? undefined : replica(yours)]
      let isRemoved = false
      storage.after = (call) => {
        if (call !== 'put link' || isRemoved) return undefined
        isRemoved = true
        // In one process whoever removes it waits for its turn.
        return others?.manifests.delete(repository, digest)
      }
      const other = upload(indexDocument([], { annotations: { name: 'new' } }))
      await storage.delete(link)
      await services.manifests.put(repository, { ...index, tags: [] })
      if (others === undefined) await services.manifests.delete(repository, digest)
      expect(await get(services)).toEqual(unknown)
      expect(await codesOf(services.manifests.put(repository, other))).toEqual([])
    })

    it('are read again where storage failed, and where nothing was there', async () => {
      const services = open()
      const read = storage.read.bind(storage)
      storage.read = down
      await expect(services.manifests.get(repository, digest)).rejects.toThrow('connection refused')
      storage.read = read
      await storage.delete(link)
      expect(await get(services)).toEqual(unknown)
      await storage.put(link, Buffer.from(digest))
      expect(await get(services)).toEqual([])
    })
  })

  it('that another replica deletes are unknown at once, where replicas remember together', async () => {
    const [one, other] = [replica(mine), replica(yours)]
    for (const each of [one, other]) expect(await get(each)).toEqual([])
    expect(storage.calls.filter((call) => call === 'read link')).toHaveLength(1)
    await one.manifests.delete(repository, digest)
    for (const each of [one, other]) expect(await get(each)).toEqual(unknown)
  })

  it('that another replica deletes are unknown within 30 seconds where it is not heard', async () => {
    const [one, other] = [replica(mine), replica(yours)]
    await get(other)
    yours.disconnect()
    await one.manifests.delete(repository, digest)
    nowMs = 30_000
    expect(await get(other)).toEqual(unknown)
  })

  it('are read from storage where the cache fails, which is not written to', async () => {
    const services = replica(mine)
    let fills = 0
    mine.find = down
    mine.fill = async () => (fills += 1) > 0
    for (let times = 0; times < 2; times += 1) expect(await get(services)).toEqual([])
    expect(storage.calls).toEqual(['read link', 'read content', 'read link'])
    expect(fills).toBe(0)
  })

  it('are not deleted, nor their tags, where the cache cannot be told', async () => {
    const { manifests } = replica(mine)
    mine.hold = down
    expect(await codesOf(manifests.delete(repository, digest))).toEqual(['UNAVAILABLE'])
    expect((await manifests.get(repository, latest)).digest).toBe(digest)
  })

  it('are of one process alone where it owns the tree: nothing is asked of a cache', async () => {
    mine.find = down
    mine.hold = down
    const cache = new TieredDescriptors({ shared: mine })
    const blobs = new StoredBlobs({ storage })
    const { manifests } = openManifests({ storage, blobs, policy: strictPolicy, isExclusive: true, cache })
    await manifests.get(repository, digest)
    await manifests.delete(repository, digest)
    expect(await codesOf(manifests.get(repository, digest))).toEqual(unknown)
  })
})

describe('a push', () => {
  const put = async (storage: WatchedDriver): Promise<readonly string[]> => {
    const blobs = new StoredBlobs({ storage })
    const { manifests } = openManifests({ storage, blobs, policy: strictPolicy, isExclusive: false })
    storage.calls = []
    await manifests.put(repository, index)
    return storage.calls.sort()
  }

  it('writes without reading first where that costs no more, and reads the link at the end', async () => {
    const storage = new WatchedDriver({ writesAreCheap: true })
    const all = ['put content', 'put link', 'put tag', 'put tag', 'read link']
    expect(await put(storage)).toEqual([...all, 'put marker'].sort())
    expect(await put(storage)).toEqual(all)
  })

  it('does not write content again that it has just written, or read whole, where reading is no better', async () => {
    let nowMs = 0
    const storage = new WatchedDriver({ writesAreCheap: true })
    const contents = new ManifestContents({ storage, nowMs: () => nowMs })
    await contents.put(digest, index.content)
    nowMs = 29_999
    await contents.put(digest, index.content)
    expect(storage.calls).toEqual(['put content'])
    await contents.find(digest)
    nowMs = 59_998
    await contents.put(digest, index.content)
    expect(storage.calls).toEqual(['put content', 'read content'])
    nowMs = 59_999
    await contents.put(digest, index.content)
    expect(storage.calls).toEqual(['put content', 'read content', 'put content'])
  })

  it.each(['gone', 'damaged'])('writes content again that it has seen to be %s', async (state) => {
    const storage = new WatchedDriver({ writesAreCheap: true })
    const contents = new ManifestContents({ storage })
    await contents.put(digest, index.content)
    if (state === 'gone') await storage.delete(layout.blobDataPath(digest))
    else await storage.put(layout.blobDataPath(digest), Buffer.from('{}'))
    await contents.find(digest).catch(() => undefined)
    await contents.put(digest, index.content)
    expect((await contents.find(digest))?.digest).toBe(digest)
  })

  it('writes nothing where all is there and writing is dear', async () => {
    const storage = new WatchedDriver()
    await put(storage)
    expect((await put(storage)).filter((call) => call.startsWith('put'))).toEqual([])
  })

  it.each([{ writesAreCheap: true as const }, {}])('heals content that is damaged (%j)', async (ability) => {
    const storage = new WatchedDriver(ability)
    await put(storage)
    await storage.put(
      layout.blobDataPath(digest),
      index.content.map((byte) => byte ^ 1),
    )
    await put(storage)
    const { manifests } = openManifests({
      storage,
      blobs: new StoredBlobs({ storage }),
      policy: strictPolicy,
      isExclusive: false,
    })
    expect(digestOf((await manifests.get(repository, digest)).content)).toBe(digest)
  })
})
