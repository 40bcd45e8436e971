import { StoredBlobs } from '@berth/blobs/stored'
import { type Digest, digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { layout } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RedisServer } from '../connection/redis-server.ts'
import { heardAgain, Replicas } from './open-replicas.ts'
import type { RedisDescriptors } from './redis-descriptors.ts'

const here = parseRepositoryName('here')
const readTimeoutMs = 500

interface Replica {
  readonly shared: RedisDescriptors
  readonly blobs: StoredBlobs
  /** How often each operation of the cache was over, and each that failed as `find failed`. */
  readonly counts: Map<string, number>
}

describe('Redis that fails', () => {
  const replicas = new Replicas()
  let server: RedisServer
  let storage: MemoryDriver
  let nowMs: number
  /** By the clock of what decides when a failing Redis is tried again. */
  let triedMs: number
  let mine: Replica
  let yours: Replica

  beforeEach(async () => {
    nowMs = 0
    triedMs = 0
    storage = new MemoryDriver()
    server = await RedisServer.start()
    mine = await open()
    yours = await open()
  })

  afterEach(async () => {
    await replicas.close()
    await server.stop()
  })

  const open = async (): Promise<Replica> => {
    const shared = await replicas.open(
      { addresses: [{ host: '127.0.0.1', port: server.port }], readTimeoutMs },
      () => triedMs,
    )
    const counts = new Map<string, number>()
    const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1)
    const observer = {
      lookedUp: () => {},
      timed: (operation: string, _: number, isFailed: boolean) => count(isFailed ? `${operation} failed` : operation),
    }
    return {
      shared,
      counts,
      blobs: new StoredBlobs({ storage, cache: { shared, observer, nowMs: () => nowMs, maxDescriptors: 100 } }),
    }
  }

  const put = (text: string): Digest => {
    const content = Buffer.from(text)
    const digest = digestOf(content)
    void storage.put(layout.blobDataPath(digest), content)
    void storage.put(layout.layerLinkPath(here, digest), Buffer.from(digest))
    return digest
  }

  const backAgain = async (): Promise<void> => {
    const heard = [mine, yours].map(({ shared }) => heardAgain(shared))
    await server.startAgain()
    await Promise.all(heard)
    // What is not in memory is asked for until Redis has been tried, and has answered.
    const probe = put('never stored')
    await storage.delete(layout.layerLinkPath(here, probe))
    for (const { blobs, counts } of [mine, yours]) {
      const before = counts.get('find') ?? 0
      while ((counts.get('find') ?? 0) === before) {
        triedMs += 1000
        await blobs.statAll(here, [probe])
        await new Promise(setImmediate)
      }
    }
  }

  it('keeps nobody from reading when it is killed under load, is not written to, and fills when it is back', async () => {
    // More than are kept in memory, so that each is asked for.
    const digests = Array.from({ length: 300 }, (_, index) => put(`blob ${index}`))
    let isOver = false
    let reads = 0
    const load = [mine, yours, mine, yours].map(async ({ blobs }) => {
      for (let turn = 0; !isOver; turn += 1) {
        await blobs.stat(here, digests[turn % digests.length] ?? put('none'))
        triedMs += 200
        reads += 1
        if (turn % 50 === 0) await new Promise(setImmediate)
      }
    })
    const read = async (more: number): Promise<void> => {
      const until = reads + more
      while (reads < until) await new Promise(setImmediate)
    }
    await read(1000)
    await server.kill()
    await read(1000)
    // Of each replica's two that were under way when it was killed, and never again.
    for (const { counts } of [mine, yours]) expect(counts.get('fill failed') ?? 0).toBeLessThanOrEqual(2)
    expect(mine.counts.get('find failed')).toBeGreaterThan(100)
    const filled = mine.counts.get('fill') ?? 0
    await backAgain()
    await read(1000)
    isOver = true
    await Promise.all(load)
    expect(mine.counts.get('fill')).toBeGreaterThan(filled)
  })

  it('delays a few reads by its deadline when it hangs, and no more', async () => {
    const digest = put('a blob')
    server.signal('SIGSTOP')
    const startedAt = performance.now()
    for (let times = 0; times < 50; times += 1) {
      expect(await mine.blobs.stat(here, digest)).toMatchObject({ digest })
    }
    const tookMs = performance.now() - startedAt
    server.signal('SIGCONT')
    expect(mine.counts).toEqual(new Map([['find failed', 50]]))
    expect(tookMs).toBeGreaterThan(3 * readTimeoutMs - 10)
    expect(tookMs).toBeLessThan(25 * readTimeoutMs)
  })

  it('is tried again, by one, once a second', async () => {
    const digest = put('a blob')
    server.signal('SIGSTOP')
    for (let times = 0; times < 3; times += 1) await mine.blobs.stat(here, digest)
    triedMs += 1000
    const startedAt = performance.now()
    const quick = Array.from({ length: 10 }, async () => {
      await mine.blobs.stat(here, digest)
      return performance.now() - startedAt
    })
    const took = (await Promise.all(quick)).filter((ms) => ms > readTimeoutMs - 10)
    server.signal('SIGCONT')
    expect(took).toHaveLength(1)
  })

  it.each(['away', 'hung'])('has nothing removed while it is %s', async (state) => {
    const digest = put('a blob')
    await yours.blobs.stat(here, digest)
    if (state === 'away') await server.kill()
    else server.signal('SIGSTOP')
    await expect(mine.blobs.unlink(here, digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await yours.blobs.stat(here, digest)).toMatchObject({ digest })
    await server.kill()
    await backAgain()
    for (const { blobs } of [mine, yours]) await blobs.stat(here, digest)
    await mine.blobs.unlink(here, digest)
    await expect(mine.blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })

  it('has memory believed for 30 seconds while it is away, and not once it is back', async () => {
    const [early, late] = [put('an early blob'), put('a late blob')]
    await yours.blobs.stat(here, early)
    await yours.blobs.stat(here, late)
    await server.kill()
    for (const digest of [early, late]) await storage.delete(layout.layerLinkPath(here, digest))
    nowMs = 29_999
    expect(await yours.blobs.stat(here, early)).toMatchObject({ digest: early })
    await backAgain()
    await expect(yours.blobs.stat(here, late)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })

  it('need not be there at the start', async () => {
    await server.kill()
    const digest = put('a blob')
    const opened = replicas.open(
      { addresses: [{ host: '127.0.0.1', port: server.port }], readTimeoutMs },
      () => triedMs,
    )
    await server.startAgain()
    const blobs = new StoredBlobs({ storage, cache: { shared: await opened } })
    expect(await blobs.stat(here, digest)).toMatchObject({ digest })
  })
})
