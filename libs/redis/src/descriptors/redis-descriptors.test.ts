import { StoredBlobs } from '@berth/blobs/stored'
import { describeSharedDescriptors } from '@berth/blobs/suite'
import { digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { MemoryDriver } from '@berth/storage/memory'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RedisServer } from '../connection/redis-server.ts'
import { EntrySeal } from './entry-seal.ts'
import { heardAgain, Replicas, testSeal } from './open-replicas.ts'
import type { DescriptorKind, RedisDescriptors } from './redis-descriptors.ts'

const replicas = new Replicas()
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  server = await RedisServer.start()
  redis = new Redis(server.port, '127.0.0.1')
})

afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

afterEach(() => replicas.close())

const open = (kind: DescriptorKind = 'blob'): Promise<RedisDescriptors> =>
  replicas.open({ addresses: [{ host: '127.0.0.1', port: server.port }] }, undefined, kind)

describe.each(['blob', 'manifest'] as const)('of each %s', (kind) => {
  describeSharedDescriptors('in Redis', async (count) => {
    await redis.flushall()
    return Promise.all(Array.from({ length: count }, () => open(kind)))
  })
})

describe('RedisDescriptors', () => {
  const here = parseRepositoryName('library/here')
  const digest = digestOf('a blob')
  const blob = { descriptor: { mediaType: 'application/octet-stream', digest, size: 6 }, target: digest }
  const there = parseRepositoryName('library/there')
  const sealed = { kind: 'blob', repository: here, digest } as const
  const key = `berth:blob:{library/here@${digest}}`
  let descriptors: RedisDescriptors

  beforeEach(async () => {
    await redis.flushall()
    descriptors = await open()
  })

  /** Begun ones count. */
  const minutesLeft = async (): Promise<number> => Math.ceil((await redis.pttl(key)) / 60_000)

  const generation = async (): Promise<string> => (await descriptors.find(here, digest)).generation ?? 'none'

  it('keeps an entry, or the generation of one, for an hour, and a hold for a minute', async () => {
    const before = await generation()
    expect(await redis.keys('*')).toEqual([key])
    expect(await minutesLeft()).toBe(60)
    await redis.pexpire(key, 1000)
    await descriptors.fill(here, digest, blob, before)
    expect(await minutesLeft()).toBe(60)
    const hold = await descriptors.hold(here, digest)
    expect(await minutesLeft()).toBe(1)
    await descriptors.release(here, digest, hold)
    expect(await minutesLeft()).toBe(60)
  })

  it('lets a hold that nobody released end with its minute, whatever others do', async () => {
    await descriptors.hold(here, digest)
    const hold = await descriptors.hold(here, digest)
    await redis.pexpire(key, 5000)
    await descriptors.release(here, digest, hold)
    expect(await redis.pttl(key)).toBeLessThanOrEqual(5000)
    expect(await generation()).toBe('none')
  })

  it('carries along no more than a few holds that nobody releases', async () => {
    for (let holds = 0; holds < 40; holds += 1) await descriptors.hold(here, digest)
    expect(await redis.strlen(key)).toBe(1 + 16 * 36)
  })

  it('has nothing of what is remembered of another kind, and is told nothing of it', async () => {
    const manifests = await open('manifest')
    await descriptors.fill(here, digest, blob, await generation())
    expect((await manifests.find(here, digest)).blob).toBeUndefined()
    const { generation: ofManifest = '' } = await manifests.find(here, digest)
    expect(await descriptors.fill(here, digest, blob, ofManifest)).toBe(false)

    const told: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    descriptors.listen({ invalidated: () => void told.push('blob'), reconnected: () => {} })
    manifests.listen({ invalidated: () => (told.push('manifest'), resolve()), reconnected: () => {} })
    await manifests.release(here, digest, await manifests.hold(here, digest))
    await promise
    expect(told).not.toContain('blob')
    expect((await descriptors.find(here, digest)).blob).toEqual(blob)
  })

  it('takes no fill where the generation was lost with the entry', async () => {
    const before = await generation()
    await redis.flushall()
    expect(await descriptors.fill(here, digest, blob, before)).toBe(false)
    await generation()
    expect(await descriptors.fill(here, digest, blob, before)).toBe(false)
  })

  it.each([
    [
      'of the right form that no key has sealed',
      `{"mediaType":"application/octet-stream","size":6,"target":"${digest}"}`,
    ],
    ['sealed by a key of another registry', new EntrySeal({ signing: 'another' }).seal(sealed, blob)],
    ['sealed for another repository', testSeal().seal({ ...sealed, repository: there }, blob)],
    ['sealed as of another kind', testSeal().seal({ ...sealed, kind: 'manifest' }, blob)],
    ['sealed longer than an hour ago', testSeal(() => Date.now() - 3_601_000).seal(sealed, blob)],
    ['of another form', '{"length":6}'],
    ['without a size', `{"mediaType":"a/b","target":"${digest}"}`],
    ['of a length, as sizes were once called', `{"mediaType":"a/b","length":6,"target":"${digest}"}`],
    ['without a type', `{"mediaType":"","size":6,"target":"${digest}"}`],
    ['with a target that is no digest', '{"mediaType":"a/b","size":6,"target":"sha256:abc"}'],
    ['of no form', '\u0000'],
  ])('does not believe an entry %s, and lets it be filled', async (_, text) => {
    await redis.set(key, `e${'0'.repeat(36)}${text}`)
    expect(await descriptors.find(here, digest)).toEqual({ generation: undefined, isInvalid: true })
    expect(await descriptors.fill(here, digest, blob, await generation())).toBe(true)
    expect(await descriptors.find(here, digest)).toEqual({ blob })
  })

  it('believes and writes no entry without keys, but takes part in removals', async () => {
    const addresses = [{ host: '127.0.0.1', port: server.port }]
    const keyless = await replicas.open({ addresses }, undefined, 'blob', null)
    await descriptors.fill(here, digest, blob, await generation())
    const { blob: found, generation: since = '' } = await keyless.find(here, digest)
    expect(found).toBeUndefined()
    expect(await keyless.fill(here, digest, blob, since)).toBe(true)
    expect((await descriptors.find(here, digest)).blob).toEqual(blob)
    await descriptors.release(here, digest, await descriptors.hold(here, digest))
    expect(await keyless.fill(here, digest, blob, since)).toBe(false)
  })

  it('believes nothing that is kept where a message is not of Berth', async () => {
    const heard = heardAgain(descriptors)
    await redis.publish('berth:blobs', 'not a blob')
    await expect(heard).resolves.toBeUndefined()
  })

  it('loads its scripts again where Redis has lost them', async () => {
    await generation()
    await redis.script('FLUSH')
    expect(await generation()).toHaveLength(36)
  })
})

describe('StoredBlobs of three replicas with a real Redis', () => {
  it('know at once what one of them has removed, each time', async () => {
    const storage = new MemoryDriver()
    const here = parseRepositoryName('here')
    const nodes = await Promise.all(
      [1, 2, 3].map(async () => new StoredBlobs({ storage, cache: { shared: await open() } })),
    )
    for (let round = 0; round < 100; round += 1) {
      const [one, ...others] = [...nodes.slice(round % 3), ...nodes.slice(0, round % 3)]
      const { digest } = (await one?.put(here, Buffer.from(`round ${round % 5}`))) ?? { digest: digestOf('') }
      for (const blobs of nodes) await blobs.stat(here, digest)
      await one?.unlink(here, digest)
      // What was published before is there to be read; in one event loop, it may be next to be.
      await new Promise(setImmediate)
      for (const blobs of others) await expect(blobs.stat(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    }
  })
})
