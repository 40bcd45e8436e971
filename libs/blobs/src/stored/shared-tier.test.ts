import { digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { findLink, layout, StorageError } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { describeBlobs } from '../suite/describe-blobs.ts'
import { MemorySharedDescriptors, MemorySharedState } from '../suite/memory-shared-descriptors.ts'
import { StoredBlobs } from './stored-blobs.ts'

const here = parseRepositoryName('here')
const there = parseRepositoryName('there')
const content = Buffer.from('some content')
const digest = digestOf(content)
const link = layout.layerLinkPath(here, digest)
const unknown = { code: 'BLOB_UNKNOWN' }

type Operation = 'find' | 'fill' | 'hold' | 'release' | 'forget'

/** A replica whose cache is counted, and can be held up or made to fail before any operation. */
class ObservedDescriptors extends MemorySharedDescriptors {
  calls: Operation[] = []
  before: (operation: Operation) => Promise<void> | undefined = () => undefined

  override find = this.#observed('find', (...args: Parameters<MemorySharedDescriptors['find']>) => super.find(...args))
  override fill = this.#observed('fill', (...args: Parameters<MemorySharedDescriptors['fill']>) => super.fill(...args))
  override hold = this.#observed('hold', (...args: Parameters<MemorySharedDescriptors['hold']>) => super.hold(...args))
  override release = this.#observed('release', (...args: Parameters<MemorySharedDescriptors['release']>) =>
    super.release(...args),
  )
  override forget = this.#observed('forget', (...args: Parameters<MemorySharedDescriptors['forget']>) =>
    super.forget(...args),
  )

  #observed<A extends unknown[], R>(operation: Operation, call: (...args: A) => Promise<R>) {
    return async (...args: A): Promise<R> => {
      this.calls.push(operation)
      await this.before(operation)
      return call(...args)
    }
  }
}

const down = (): Promise<void> => Promise.reject(new Error('connection refused'))

describeBlobs('in storage, with a cache that is shared', async () => {
  const shared = new MemorySharedDescriptors(new MemorySharedState(() => 0))
  return new StoredBlobs({ storage: new MemoryDriver(), cache: { shared } })
})

describeBlobs('in storage, seen by two replicas', async () => {
  const state = new MemorySharedState(() => 0)
  const storage = new MemoryDriver()
  const [one, other] = [1, 2].map(
    () => new StoredBlobs({ storage, cache: { shared: new MemorySharedDescriptors(state) } }),
  )
  if (one === undefined || other === undefined) throw new Error('there are two')
  // Each call is another replica's turn.
  let turn = 0
  return new Proxy(one, {
    get: (_, name) => {
      const blobs = turn++ % 2 === 0 ? one : other
      const value: unknown = Reflect.get(blobs, name)
      return typeof value === 'function' ? value.bind(blobs) : value
    },
  })
})

describe('StoredBlobs that mounts what a cache says', () => {
  const alias = digestOf(content, 'sha512')

  it.each([
    ['links an alias to what storage says', digest, true],
    ['links nothing where storage has no such link', undefined, false],
  ])('%s', async (_, stored, isMounted) => {
    const storage = new MemoryDriver()
    const shared = new MemorySharedDescriptors(new MemorySharedState(() => 0))
    await storage.put(layout.blobDataPath(digest), content)
    if (stored !== undefined) await storage.put(layout.layerLinkPath(here, alias), layout.formatLink(stored))
    const elsewhere = digestOf('other content')
    const { generation = '' } = await shared.find(here, alias)
    const descriptor = { mediaType: 'application/octet-stream', digest: alias, size: 1 }
    await shared.fill(here, alias, { descriptor, target: elsewhere }, generation)
    const blobs = new StoredBlobs({ storage, cache: { shared } })
    expect(await blobs.mount(there, alias, here)).toBe(isMounted)
    const link = await findLink(storage, layout.layerLinkPath(there, alias))
    expect(link).toBe(stored)
  })

  it('counts an entry that is invalid as a miss, and apart', async () => {
    const told: string[] = []
    const shared = new MemorySharedDescriptors(new MemorySharedState(() => 0))
    shared.find = () => Promise.resolve({ generation: undefined, isInvalid: true })
    const observer = {
      lookedUp: (tier: string, outcome: string) => void told.push(`${tier} ${outcome}`),
      rejected: () => void told.push('rejected'),
      timed: () => {},
    }
    const blobs = new StoredBlobs({ storage: new MemoryDriver(), cache: { shared, observer } })
    await expect(blobs.stat(here, digest)).rejects.toMatchObject(unknown)
    expect(told).toEqual(['memory miss', 'shared miss', 'rejected'])
  })
})

describe('StoredBlobs of several replicas', () => {
  let nowMs: number
  let storage: MemoryDriver
  let reads: number
  let observed: string[]
  let state: MemorySharedState
  let mine: ObservedDescriptors
  let yours: ObservedDescriptors
  let myBlobs: StoredBlobs
  let yourBlobs: StoredBlobs
  let beforeRead: () => Promise<void> | undefined

  beforeEach(async () => {
    nowMs = 0
    reads = 0
    observed = []
    beforeRead = () => undefined
    storage = new MemoryDriver()
    await new StoredBlobs({ storage }).put(here, content)
    const read = storage.read.bind(storage)
    storage.read = async (path, options) => {
      if (path === link) reads += 1
      const found = await read(path, options)
      if (path === link) await beforeRead()
      return found
    }
    state = new MemorySharedState(() => nowMs)
    mine = new ObservedDescriptors(state)
    yours = new ObservedDescriptors(state)
    const observer = {
      lookedUp: (tier: string, outcome: string) => void observed.push(`${tier} ${outcome}`),
      timed: (operation: string, seconds: number, isFailed: boolean) => {
        expect(seconds).toBeGreaterThanOrEqual(0)
        if (isFailed) observed.push(`${operation} failed`)
      },
    }
    myBlobs = new StoredBlobs({ storage, cache: { shared: mine, nowMs: () => nowMs, observer } })
    yourBlobs = new StoredBlobs({ storage, cache: { shared: yours, nowMs: () => nowMs } })
  })

  /** Runs `during` while a lookup of mine has read the link, and not gone on. */
  const heldUp = async (during: () => Promise<unknown>): Promise<unknown> => {
    const reached = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    beforeRead = () => {
      beforeRead = () => undefined
      reached.resolve()
      return held.promise
    }
    const lookup = myBlobs.stat(here, digest)
    await reached.promise
    await during()
    held.resolve()
    return lookup
  }

  describe('remembering', () => {
    it('asks storage once for all replicas, and the shared cache once for each', async () => {
      for (const blobs of [myBlobs, yourBlobs, myBlobs, yourBlobs]) await blobs.stat(here, digest)
      expect(reads).toBe(1)
      expect([mine.calls, yours.calls]).toEqual([['find', 'fill'], ['find']])
      expect(observed).toEqual(['memory miss', 'shared miss', 'memory hit'])
    })

    it('counts a hit in either tier', async () => {
      await yourBlobs.stat(here, digest)
      await myBlobs.statAll(here, [digest])
      await myBlobs.statAll(here, [digest])
      expect(observed).toEqual(['memory miss', 'shared hit', 'memory hit'])
    })

    it('asks the shared cache again after 30 seconds', async () => {
      await myBlobs.stat(here, digest)
      nowMs = 30_000
      await myBlobs.stat(here, digest)
      expect(mine.calls).toEqual(['find', 'fill', 'find'])
      expect(reads).toBe(1)
    })

    it('fills with nothing that is not there, nor that could not be read', async () => {
      await expect(myBlobs.stat(there, digest)).rejects.toMatchObject(unknown)
      beforeRead = () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', link, 'test'))
      await expect(myBlobs.stat(here, digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(mine.calls).toEqual(['find', 'find'])
    })

    it('knows in this process what it has put itself, and leaves it to the next look of others to fill', async () => {
      await myBlobs.put(here, content)
      await myBlobs.stat(here, digest)
      expect([mine.calls, reads]).toEqual([[], 0])
      await yourBlobs.stat(here, digest)
      expect(yours.calls).toEqual(['find', 'fill'])
    })

    it('fills with nothing that was mounted: the next look does', async () => {
      await myBlobs.stat(here, digest)
      expect(await myBlobs.mount(there, digest, here)).toBe(true)
      await myBlobs.stat(there, digest)
      expect(mine.calls).toEqual(['find', 'fill', 'find', 'fill'])
    })

    it('mounts what any replica has seen', async () => {
      await yourBlobs.stat(here, digest)
      expect(await myBlobs.mount(there, digest, here)).toBe(true)
      expect([mine.calls, reads]).toEqual([['find'], 1])
    })
  })

  describe('with a cache that fails', () => {
    it('answers from storage, and writes nothing to it', async () => {
      mine.before = down
      expect(await myBlobs.stat(here, digest)).toMatchObject({ digest })
      expect(await myBlobs.statAll(here, [digest])).toMatchObject([{ digest }])
      expect(mine.calls).toEqual(['find', 'find'])
      expect(observed).toEqual(Array(2).fill(['memory miss', 'find failed', 'shared error']).flat())
      mine.before = () => undefined
      expect((await mine.find(here, digest)).blob).toBeUndefined()
    })

    it('keeps what storage said in memory only while it is out of reach altogether', async () => {
      mine.before = down
      mine.disconnect()
      for (let times = 0; times < 3; times += 1) await myBlobs.stat(here, digest)
      expect(reads).toBe(1)
      nowMs = 30_000
      await myBlobs.stat(here, digest)
      expect(reads).toBe(2)
    })

    it('answers although it cannot be filled', async () => {
      mine.before = (operation) => (operation === 'fill' ? down() : undefined)
      expect(await myBlobs.stat(here, digest)).toMatchObject({ digest })
      expect(observed).toEqual(['memory miss', 'shared miss', 'fill failed'])
    })

    it('refuses to remove, and removes nothing, where the removal cannot be told', async () => {
      mine.before = down
      await expect(myBlobs.unlink(here, digest)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        detail: { reason: 'the cache cannot be told of the removal' },
        cause: { message: 'connection refused' },
      })
      expect(await storage.stat(link)).toMatchObject({ size: digest.length })
    })

    it('does not say that it is removed where the end of the hold cannot be told, and has nobody remember it', async () => {
      await yourBlobs.stat(here, digest)
      mine.before = (operation) => (operation === 'release' ? down() : undefined)
      await expect(myBlobs.unlink(here, digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(yourBlobs.stat(here, digest)).rejects.toMatchObject(unknown)
      await new StoredBlobs({ storage }).put(here, content)
      await yourBlobs.stat(here, digest)
      nowMs = 60_000
      await yourBlobs.stat(here, digest)
      expect(yours.calls).toEqual(['find', 'fill', 'find', 'find', 'find', 'fill'])
    })

    it('drops what was remembered after the hold was lost', async () => {
      const remove = storage.delete.bind(storage)
      storage.delete = async (path) => {
        state.lose()
        await yourBlobs.stat(here, digest)
        await remove(path)
      }
      await myBlobs.unlink(here, digest)
      expect(yours.calls).toEqual(['find', 'fill'])
      await expect(yourBlobs.stat(here, digest)).rejects.toMatchObject(unknown)
    })
  })

  describe('removing', () => {
    it('is seen by every replica at once', async () => {
      for (const blobs of [myBlobs, yourBlobs]) await blobs.stat(here, digest)
      await myBlobs.unlink(here, digest)
      for (const blobs of [myBlobs, yourBlobs]) await expect(blobs.stat(here, digest)).rejects.toMatchObject(unknown)
      expect(mine.calls).toEqual(['find', 'fill', 'hold', 'release', 'find'])
    })

    it('is seen within 30 seconds by a replica that hears nothing', async () => {
      await yourBlobs.stat(here, digest)
      yours.disconnect()
      await myBlobs.unlink(here, digest)
      nowMs = 29_999
      expect(await yourBlobs.stat(here, digest)).toMatchObject({ digest })
      nowMs = 30_000
      await expect(yourBlobs.stat(here, digest)).rejects.toMatchObject(unknown)
    })

    it('is seen by a replica as soon as it hears again', async () => {
      await yourBlobs.stat(here, digest)
      yours.disconnect()
      await myBlobs.unlink(here, digest)
      yours.reconnect()
      await expect(yourBlobs.stat(here, digest)).rejects.toMatchObject(unknown)
    })

    it('lets no lookup that read the link before remember it', async () => {
      expect(await heldUp(() => yourBlobs.unlink(here, digest))).toMatchObject({ digest })
      for (const blobs of [myBlobs, yourBlobs]) await expect(blobs.stat(here, digest)).rejects.toMatchObject(unknown)
    })

    it('lets no lookup that read the link before remember it where it hears nothing until later', async () => {
      mine.disconnect()
      await heldUp(async () => {
        await yourBlobs.unlink(here, digest)
        mine.reconnect()
      })
      await expect(myBlobs.stat(here, digest)).rejects.toMatchObject(unknown)
    })

    it.each(['is about to go', 'is gone'])('is not undone by what remembers a put when its link %s', async (state) => {
      const put = storage.put.bind(storage)
      const remove = storage.delete.bind(storage)
      const removed = Promise.withResolvers<void>()
      const goesOn = Promise.withResolvers<void>()
      storage.delete = async (path) => {
        await remove(path)
        removed.resolve()
        if (state === 'is about to go') await goesOn.promise
      }
      let unlinking: Promise<void> | undefined
      storage.put = async (path, ...rest) => {
        await put(path, ...rest)
        if (path !== link) return
        unlinking = yourBlobs.unlink(here, digest)
        await (state === 'is gone' ? unlinking : removed.promise)
      }
      await myBlobs.put(here, content)
      goesOn.resolve()
      await unlinking
      await expect(myBlobs.stat(here, digest)).rejects.toMatchObject(unknown)
    })

    it('lets nobody mount it any more', async () => {
      for (const blobs of [myBlobs, yourBlobs]) await blobs.stat(here, digest)
      await myBlobs.unlink(here, digest)
      for (const blobs of [myBlobs, yourBlobs]) expect(await blobs.mount(there, digest, here)).toBe(false)
    })

    it('lets nobody remember the link while it is about to go', async () => {
      const remove = storage.delete.bind(storage)
      storage.delete = async (path) => {
        for (const blobs of [myBlobs, yourBlobs]) expect(await blobs.stat(here, digest)).toMatchObject({ digest })
        await remove(path)
      }
      await myBlobs.unlink(here, digest)
      expect(yours.calls).toEqual(['find'])
      for (const blobs of [myBlobs, yourBlobs]) await expect(blobs.stat(here, digest)).rejects.toMatchObject(unknown)
    })

    it('ends its hold where there was nothing to remove', async () => {
      await expect(myBlobs.unlink(there, digest)).rejects.toMatchObject(unknown)
      expect(mine.calls).toEqual(['hold', 'release'])
    })

    it('leaves its hold where the link may go yet', async () => {
      storage.delete = (path) => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', path, 'test'))
      await expect(myBlobs.unlink(here, digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await yourBlobs.stat(here, digest)
      expect([mine.calls, yours.calls]).toEqual([['hold'], ['find']])
      nowMs = 60_000
      await yourBlobs.stat(here, digest)
      expect(yours.calls).toEqual(['find', 'find', 'fill'])
    })
  })

  it('tells replicas of content that is gone under what they remember', async () => {
    for (const blobs of [myBlobs, yourBlobs]) await blobs.stat(here, digest)
    await storage.delete(layout.blobDataPath(digest))
    await expect(myBlobs.read(here, digest)).rejects.toMatchObject(unknown)
    await expect(yourBlobs.stat(here, digest)).rejects.toMatchObject(unknown)
  })

  it('says that content is gone although replicas cannot be told', async () => {
    await myBlobs.stat(here, digest)
    await storage.delete(layout.blobDataPath(digest))
    mine.before = down
    await expect(myBlobs.read(here, digest)).rejects.toMatchObject(unknown)
  })
})
