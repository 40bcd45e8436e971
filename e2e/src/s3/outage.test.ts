import { FaultyProxy } from '@berth/storage-s3/faulty-proxy'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Content } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import { peakMemory } from '../peak-memory.ts'
import { until } from '../split/deployment.ts'
import { s3Access } from '../storage.ts'
import { BucketRegistry } from './bucket-registry.ts'
import { Outage } from './outage.ts'
import { Told } from './told.ts'
import { WeatherClients } from './weather-clients.ts'

const outageMs = 60_000
/** Within it all processes are to have noticed, and to say so: each does once enough of its own requests have failed. */
const atOnceMs = outageMs / 2
/** In a minute, of each process: one every half second at first, and then every five. */
const mostRequests = 20
/** MiB, of each process. */
const mostMemory = 300

// Both at once: what takes time is the outage.
describe.concurrent.each(['all-in-one', 'split'] as const)('as %s', (topology) => {
  let proxy: FaultyProxy
  let registry: BucketRegistry
  let clients: WeatherClients
  let wire: Wire

  beforeAll(async () => {
    proxy = await FaultyProxy.to(s3Access().endpoint)
    registry = await BucketRegistry.start(topology, proxy.endpoint)
    clients = await WeatherClients.of(registry)
    wire = new Wire(registry.host, {})
  })

  afterAll(async () => {
    wire.close()
    await registry.close()
    await proxy.close()
  })

  const allAre = async (status: number): Promise<true | undefined> =>
    (await registry.readiness()).every((each) => each === status) ? true : undefined

  /** Asks for content that may be remembered. @returns whether it was */
  async function isServed(path: string, content: Content): Promise<boolean> {
    const { status, headers, body } = await wire.send('GET', path)
    const isGiven = status === 200
    const answer = isGiven ? body : { path, status, retryAfter: headers['retry-after'] }
    expect(answer).toEqual(isGiven ? content.bytes : { path, status: 503, retryAfter: '5' })
    return isGiven
  }

  /** Asks for what no registry has without its store. */
  async function expectRefusal(method: string, path: string): Promise<void> {
    const { status, headers } = await wire.send(method, path)
    expect([path, status, headers['retry-after']]).toEqual([path, 503, '5'])
  }

  /** Holds back what it would ask of the store, says that it is not to be asked, and tries the store now and then. */
  async function watch(outage: Outage): Promise<void> {
    await until('requests are held back', async () => {
      return (await registry.circuitsAreOpen()).every(Boolean) ? true : undefined
    })
    await until('nobody is ready', () => allAre(503))
    expect(outage.ageMs).toBeLessThan(atOnceMs)
    const seen = proxy.seen.length
    expect(await outage.during(async () => expect(await allAre(503)).toBe(true))).toBeGreaterThan(0)
    expect(proxy.seen.length - seen).toBeLessThan(mostRequests * registry.size)
  }

  describe('a store that is gone for a minute', () => {
    it('is said to be so at once, and all is well again when it is back, without a restart', async () => {
      const told = new Told()
      const before = await clients.push('gone/before', told)
      if (before === undefined) throw new Error(String(told.refusals))
      const byDigest = `/v2/gone/before/manifests/${before.manifest.digest}`
      expect(await isServed(byDigest, before.manifest)).toBe(true)
      const { push: chunks, blob } = clients.chunks('gone/chunks', 3)
      await chunks.start()
      await chunks.pushChunk()

      // Made before: this process also runs the proxies, and a store must not seem to stall because it is busy.
      const made = await clients.make('gone/during')
      const during = new Told()
      let [pushed, served] = [0, 0]
      const outage = new Outage(outageMs)
      proxy.fate = outage.fate
      const [pushes, pulls, parts] = await Promise.all([
        outage.during(() => clients.pushMade(made, `gone/during/${(pushed += 1)}`, during)),
        outage.during(() => clients.pull('gone/before', during)),
        outage.during(() => during.attempt(() => chunks.pushChunk())),
        outage.during(async () => {
          if (await isServed(byDigest, before.manifest)) served += 1
          await expectRefusal('GET', '/v2/gone/before/manifests/latest')
          await expectRefusal('GET', '/v2/gone/before/tags/list')
          await expectRefusal('POST', '/v2/gone/during/blobs/uploads/')
        }),
        watch(outage),
      ])
      expect(during.unclean).toEqual([])
      expect(during.refusals).toHaveLength(pushes + pulls + parts)
      expect(served).toBeGreaterThan(0)
      expect(await peakMemory(await registry.pids())).toBeLessThan(mostMemory)

      proxy.fate = () => 'pass'
      await until('all are ready', () => allAre(200))
      expect(await registry.circuitsAreOpen()).not.toContain(true)
      while (chunks.offset < blob.size) await chunks.pushChunk()
      const digest = blob.digest()
      await chunks.finish(digest)
      told.acknowledged.set(`gone/chunks/blobs/${digest}`, digest)
      await clients.push('gone/after', told)
      await clients.pull('gone/after', told)
      expect(told.refusals).toEqual([])
      expect(await clients.findLost(told)).toEqual([])
    })
  })
})
