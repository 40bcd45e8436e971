import { type ByteStream, collect } from '@berth/bytes'
import { type Digest, digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { layout, type StorageDriver, StorageError, type StoragePath } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { describeBlobs } from '../suite/describe-blobs.ts'
import { describeSendableBlobs } from '../suite/describe-sendable-blobs.ts'
import { StoredBlobs } from './stored-blobs.ts'

const here = parseRepositoryName('here')
const there = parseRepositoryName('there')
const content = Buffer.from('some content')
const digest = digestOf(content)
const alias = digestOf(content, 'sha512')

/** A driver that counts its calls, and can be held up or made to fail before any of them. */
class ObservedDriver extends MemoryDriver {
  calls: string[] = []
  before: (call: string) => Promise<void> | undefined = () => undefined

  override async read(...args: Parameters<MemoryDriver['read']>): ReturnType<MemoryDriver['read']> {
    await this.#called('read', args[0])
    return super.read(...args)
  }

  override async stat(path: StoragePath): ReturnType<MemoryDriver['stat']> {
    await this.#called('stat', path)
    return super.stat(path)
  }

  override async put(...args: Parameters<MemoryDriver['put']>): Promise<void> {
    await this.#called('put', args[0])
    return super.put(...args)
  }

  override async delete(path: StoragePath): Promise<void> {
    await this.#called('delete', path)
    return super.delete(path)
  }

  override async sendTo(...args: Parameters<MemoryDriver['sendTo']>): Promise<void> {
    await this.#called('sendTo', args[0])
    return super.sendTo(...args)
  }

  async #called(method: string, path: StoragePath): Promise<void> {
    const call = `${method} ${path.includes('/_layers/') ? 'link' : 'data'}`
    this.calls.push(call)
    await this.before(call)
  }
}

/** A driver with nothing but what the contract asks of all. */
function plain(driver: MemoryDriver): StorageDriver {
  return new Proxy(driver, {
    get(target, name) {
      const value: unknown = name === 'sendTo' ? undefined : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function textOf(stream: Promise<ByteStream>): Promise<string> {
  return Buffer.from(await collect(await stream, 1000)).toString()
}

const uncached = async (): Promise<StoredBlobs> => new StoredBlobs({ storage: new MemoryDriver() })
const cached = async (): Promise<StoredBlobs> => new StoredBlobs({ storage: new MemoryDriver(), cache: {} })
const handedOut = async (): Promise<StoredBlobs> => new StoredBlobs({ storage: plain(new MemoryDriver()) })
describeBlobs('in storage', uncached)
describeBlobs('in storage, cached', cached)
describeSendableBlobs('in storage', uncached)
describeSendableBlobs('in storage, cached', cached)
describeSendableBlobs('in storage that cannot send', handedOut)

describe('StoredBlobs', () => {
  let storage: ObservedDriver
  let blobs: StoredBlobs

  beforeEach(() => {
    storage = new ObservedDriver()
    blobs = new StoredBlobs({ storage })
  })

  const linkOf = async (name: Digest): Promise<string> => {
    const { content: link } = await storage.read(layout.layerLinkPath(here, name))
    return Buffer.from(await collect(link, 1000)).toString()
  }

  it("links as Distribution does: the digest's path holds the digest and nothing else", async () => {
    await blobs.put(here, content)
    expect(await linkOf(digest)).toBe(digest)
    const path = `/docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data` as StoragePath
    expect(await storage.stat(path)).toMatchObject({ size: content.byteLength })
  })

  describe("with Distribution's aliases", () => {
    beforeEach(async () => {
      await storage.put(layout.blobDataPath(digest), content)
      for (const name of [digest, alias]) await storage.put(layout.layerLinkPath(here, name), Buffer.from(digest))
    })

    it('reads the content they point at, and answers with the digest that was asked for', async () => {
      expect(await blobs.stat(here, alias)).toMatchObject({ digest: alias, size: content.byteLength })
      expect(await textOf(blobs.read(here, alias))).toBe('some content')
    })

    it('mounts them so that they can be read', async () => {
      expect(await blobs.mount(there, alias, here)).toBe(true)
      expect(await textOf(blobs.read(there, alias))).toBe('some content')
    })

    it('removes the alias alone', async () => {
      await blobs.unlink(here, alias)
      await expect(blobs.stat(here, alias)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
      expect(await blobs.stat(here, digest)).toMatchObject({ digest })
    })
  })

  it.each(['', 'sha256:abc', digestOf('other')])('does not know a blob whose link holds %j', async (link) => {
    await blobs.put(here, content)
    await storage.put(layout.layerLinkPath(here, digest), Buffer.from(link))
    await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    await blobs.put(here, content)
    expect(await blobs.stat(here, digest)).toMatchObject({ digest })
  })

  it('does not know, or mount, a blob whose content is gone', async () => {
    await blobs.put(here, content)
    await storage.delete(layout.blobDataPath(digest))
    await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    expect(await blobs.mount(there, digest, here)).toBe(false)
    expect(await blobs.mount(there, digest)).toBe(false)
  })

  it.each(['STORAGE_FULL', 'STORAGE_UNAVAILABLE'] as const)(
    'tells of an outage where storage says %s',
    async (code) => {
      await blobs.put(here, content)
      storage.before = () => Promise.reject(new StorageError(code, '/x', 'test'))
      const outage = { code: 'UNAVAILABLE', cause: { code } }
      const range = { start: 0, end: 1 }
      await expect(blobs.stat(here, digest)).rejects.toMatchObject(outage)
      await expect(blobs.statAll(here, [digest])).rejects.toMatchObject(outage)
      await expect(blobs.read(here, digest, range)).rejects.toMatchObject(outage)
      await expect(blobs.put(here, content)).rejects.toMatchObject(outage)
      await expect(blobs.mount(there, digest, here)).rejects.toMatchObject(outage)
      await expect(blobs.unlink(here, digest)).rejects.toMatchObject(outage)
    },
  )

  it('fails a put only when neither of its writes goes on', async () => {
    const held = Promise.withResolvers<void>()
    storage.before = (call) =>
      call === 'put link' ? Promise.reject(new StorageError('STORAGE_FULL', '/x', 'test')) : held.promise
    let isOver = false
    const put = blobs.put(here, content).finally(() => {
      isOver = true
    })
    await new Promise(setImmediate)
    expect(isOver).toBe(false)
    held.resolve()
    await expect(put).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('StoredBlobs with a cache', () => {
  let nowMs: number
  let counts: { hits: number; misses: number }
  let storage: ObservedDriver
  let blobs: StoredBlobs

  beforeEach(async () => {
    nowMs = 0
    counts = { hits: 0, misses: 0 }
    storage = new ObservedDriver()
    await new StoredBlobs({ storage }).put(here, content)
    storage.calls = []
    const observer = {
      lookedUp: (_tier: string, outcome: string) => void counts[outcome === 'hit' ? 'hits' : 'misses']++,
      timed: () => {},
    }
    blobs = new StoredBlobs({ storage, cache: { nowMs: () => nowMs, observer } })
  })

  it('asks storage once for what is asked for again', async () => {
    await blobs.stat(here, digest)
    await blobs.stat(here, digest)
    await blobs.statAll(here, [digest])
    expect(storage.calls).toEqual(['read link', 'stat data'])
    expect(counts).toEqual({ hits: 2, misses: 1 })
  })

  it('reads small content once', async () => {
    for (let times = 0; times < 3; times += 1) expect(await textOf(blobs.read(here, digest))).toBe('some content')
    expect(storage.calls).toEqual(['read link', 'stat data', 'read data'])
  })

  it('does not keep large content', async () => {
    const large = await blobs.put(here, Buffer.alloc(70_000))
    storage.calls = []
    for (let times = 0; times < 2; times += 1) await collect(await blobs.read(here, large.digest), 70_000)
    expect(storage.calls).toEqual(['read data', 'read data'])
  })

  it('does not keep content that is not what its digest names', async () => {
    await storage.put(layout.blobDataPath(digest), Buffer.from('some damages'))
    await collect(await blobs.read(here, digest), 100)
    await storage.put(layout.blobDataPath(digest), content)
    expect(await textOf(blobs.read(here, digest))).toBe('some content')
  })

  it('knows at once what it has put itself', async () => {
    const { digest: name } = await blobs.put(here, Buffer.from('new'))
    storage.calls = []
    await blobs.stat(here, name)
    expect(storage.calls).toEqual([])
  })

  it('asks storage again after 30 seconds', async () => {
    await blobs.stat(here, digest)
    await storage.delete(layout.layerLinkPath(here, digest))
    nowMs = 29_999
    expect(await blobs.stat(here, digest)).toMatchObject({ digest })
    nowMs = 30_000
    await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })

  it('remembers neither that a blob is unknown nor that storage failed', async () => {
    const late = digestOf('late')
    await expect(blobs.stat(here, late)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    storage.before = () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', '/x', 'test'))
    await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    storage.before = () => undefined
    await new StoredBlobs({ storage }).put(here, Buffer.from('late'))
    expect(await blobs.stat(here, late)).toMatchObject({ digest: late })
    expect(await blobs.stat(here, digest)).toMatchObject({ digest })
  })

  it.each(['read link', 'stat data'])(
    'does not keep what a lookup held up at "%s" found before a removal',
    async (at) => {
      const reached = Promise.withResolvers<void>()
      const held = Promise.withResolvers<void>()
      let found = 0
      storage.before = (call) => {
        if (call !== at || found++ > 0) return undefined
        reached.resolve()
        return held.promise
      }
      // The removal is seen to come after the link was read, so what the lookup finds is of the past.
      const slow = at === 'stat data' ? blobs.stat(here, digest) : blobs.stat(here, digest).catch(() => undefined)
      await reached.promise
      await blobs.unlink(here, digest)
      held.resolve()
      await slow
      await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    },
  )

  it('forgets a blob whose removal has failed, since only its answer may be lost', async () => {
    await blobs.stat(here, digest)
    const remove = storage.delete.bind(storage)
    storage.delete = async (path) => {
      await remove(path)
      throw new StorageError('STORAGE_UNAVAILABLE', path, 'test')
    }
    await expect(blobs.unlink(here, digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })

  it('says that content is gone under a cached descriptor, and forgets the descriptor', async () => {
    await blobs.stat(here, digest)
    await storage.delete(layout.blobDataPath(digest))
    await expect(blobs.read(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })

  it('mounts what it remembers with one write', async () => {
    await blobs.stat(here, digest)
    storage.calls = []
    expect(await blobs.mount(there, digest, here)).toBe(true)
    expect(storage.calls).toEqual(['put link'])
    expect(await blobs.stat(there, digest)).toMatchObject({ digest, size: content.byteLength })
  })

  it('remembers of a mount what its source is, and knows nothing of what it leads to', async () => {
    for (let times = 0; times < 2; times += 1) expect(await blobs.mount(there, digest, here)).toBe(true)
    expect(storage.calls).toEqual(['read link', 'stat data', 'put link', 'put link'])
    await storage.delete(layout.blobDataPath(digest))
    await expect(blobs.stat(there, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })

  it('does not mount what it has seen to be gone', async () => {
    await blobs.stat(here, digest)
    await storage.delete(layout.blobDataPath(digest))
    await expect(blobs.read(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    expect(await blobs.mount(there, digest, here)).toBe(false)
  })

  it('remembers nothing of a put whose link was removed while it was written', async () => {
    const put = storage.put.bind(storage)
    storage.put = async (path, ...rest) => {
      await put(path, ...rest)
      if (path === layout.layerLinkPath(here, digest)) await blobs.unlink(here, digest)
    }
    await blobs.put(here, content)
    await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })
})
