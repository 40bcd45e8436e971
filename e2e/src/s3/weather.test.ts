import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FaultyProxy } from '@berth/storage-s3/faulty-proxy'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Clients } from '../clients.ts'
import { blobNamed, contentOf, descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import { type LayoutImage, writeLayout } from '../oci-layout.ts'
import { type Contents, readContents } from '../registry-contents.ts'
import { seed, SeededRandom } from '../seeded-random.ts'
import { ChunkedPush } from '../split/chunked-push.ts'
import { until } from '../split/deployment.ts'
import { GeneratedBlob } from '../split/generated-blob.ts'
import { s3Access } from '../storage.ts'
import { BucketRegistry } from './bucket-registry.ts'
import { weather } from './weather.ts'

const mebibyte = 1024 * 1024
const clientsAtOnce = 3
const imagesEach = 4
const pullsEach = 2

/** An image with a layer of several parts. */
function largeImage(name: string): LayoutImage {
  const contents = [blobNamed(name, 12 * mebibyte).bytes, Buffer.from(name)]
  const layers = contents.map((content) => contentOf(gzipSync(content, { level: 1 })))
  const rootfs = { type: 'layers', diff_ids: contents.map((content) => contentOf(content).digest) }
  const config = jsonOf({ architecture: 'amd64', os: 'linux', rootfs })
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorOf(mediaTypes.config, config),
    layers: layers.map((layer) => descriptorOf(mediaTypes.layer, layer)),
  })
  return { manifest, config, layers }
}

/** What clients were told of what they did. */
class Told {
  /** Digests that a registry has to have, by path below `/v2/`. */
  readonly acknowledged = new Map<string, string>()
  readonly refusals: string[] = []

  /** @returns whether it was done */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.refusals.push(error instanceof Error ? error.message : String(error))
      return false
    }
  }
}

/** Those that are no answers of a registry that says that it cannot just now. */
const unclean = ({ refusals }: Told): readonly string[] => refusals.filter((text) => !/unavailable|503/i.test(text))

describe.each(['all-in-one', 'split'] as const)('as %s', (topology) => {
  let proxy: FaultyProxy
  let registry: BucketRegistry
  let clients: Clients

  beforeAll(async () => {
    proxy = await FaultyProxy.to(s3Access().endpoint)
    registry = await BucketRegistry.start(topology, proxy.endpoint)
    clients = await Clients.in(registry.folder)
  })

  afterEach(() => {
    proxy.fate = () => 'pass'
  })

  afterAll(async () => {
    await registry.close()
    await proxy.close()
  })

  const layoutOf = (repository: string): string => join(registry.folder, repository.replaceAll('/', '-'))
  const remote = (repository: string): string => `docker://${registry.host}/${repository}:latest`

  /** @returns whether it was done */
  async function push(repository: string, told: Told): Promise<boolean> {
    const image = largeImage(repository)
    await writeLayout(layoutOf(repository), 'latest', image)
    const isDone = await told.attempt(() => clients.copy(`oci:${layoutOf(repository)}:latest`, remote(repository)))
    if (isDone) told.acknowledged.set(`${repository}/manifests/latest`, image.manifest.digest)
    return isDone
  }

  /** skopeo compares all that it is given with the digests. */
  async function pull(repository: string, told: Told): Promise<void> {
    const target = await mkdtemp(join(registry.folder, 'pulled-'))
    await told.attempt(() => clients.copy(remote(repository), `dir:${target}`))
    await rm(target, { recursive: true })
  }

  async function pushInChunks(repository: string, told: Told): Promise<void> {
    const blob = new GeneratedBlob(7 * mebibyte, repository)
    const chunks = new ChunkedPush({
      blob,
      repository,
      chunkBytes: mebibyte,
      next: () => Promise.resolve(registry.host),
    })
    const digest = blob.digest()
    if (await told.attempt(() => chunks.push(digest))) told.acknowledged.set(`${repository}/blobs/${digest}`, digest)
  }

  /** All that the registry has, and what was acknowledged, as far as it is another in it. */
  async function findBroken({ acknowledged }: Told): Promise<{ contents: Contents; lost: readonly string[] }> {
    const blobs = [...acknowledged.keys()].filter((path) => path.includes('/blobs/'))
    const contents = await readContents(registry.host, blobs)
    const lost = [...acknowledged].filter(([path, digest]) => contents.get(path)?.digest !== digest)
    return { contents, lost: lost.map(([path]) => path) }
  }

  describe(`one request of the store in ten that fails, is late or is cut off (BERTH_SEED=${seed})`, () => {
    it('loses nothing that was acknowledged, and shows nothing by half', async () => {
      const told = new Told()
      proxy.fate = weather(new SeededRandom(seed))
      const client = async (_: unknown, index: number): Promise<void> => {
        for (let count = 0; count < imagesEach; count += 1) {
          const repository = `weather/${index}/${count}`
          const isPushed = await push(repository, told)
          for (let pulls = 0; isPushed && pulls < pullsEach; pulls += 1) await pull(repository, told)
          await pushInChunks(`${repository}/chunks`, told)
        }
      }
      await Promise.all(Array.from({ length: clientsAtOnce }, client))
      expect(unclean(told)).toEqual([])
      // They are few, since what fails is tried again.
      expect(told.refusals.length).toBeLessThan(clientsAtOnce * imagesEach)

      proxy.fate = () => 'pass'
      expect((await findBroken(told)).lost).toEqual([])
    })
  })

  describe('a store that is gone', () => {
    const allAre = async (status: number): Promise<true | undefined> =>
      (await registry.readiness()).every((each) => each === status) ? true : undefined

    it('is said to be so at once, and all is well again when it is back, without a restart', async () => {
      const told = new Told()
      await push('gone/before', told)
      const blob = new GeneratedBlob(3 * mebibyte)
      const next = () => Promise.resolve(registry.host)
      const chunks = new ChunkedPush({ blob, repository: 'gone/chunks', chunkBytes: mebibyte, next })
      await chunks.start()
      await chunks.pushChunk()

      proxy.fate = () => 'cut'
      const during = new Told()
      const wire = new Wire(registry.host, {})
      const work = [push('gone/during', during), pull('gone/before', during), during.attempt(() => chunks.pushChunk())]
      const ask = async (method: string, path: string): Promise<void> => {
        const { status, headers } = await wire.send(method, path)
        expect([path, status, headers['retry-after']]).toEqual([path, 503, '5'])
      }
      await until('requests are held back', async () => {
        await ask('POST', '/v2/gone/during/blobs/uploads/')
        await ask('GET', '/v2/gone/before/manifests/latest')
        return (await registry.circuitsAreOpen()).every(Boolean) ? true : undefined
      })
      await Promise.all(work)
      expect(during.refusals).toHaveLength(work.length)
      expect(unclean(during)).toEqual([])
      await until('nobody is ready', () => allAre(503))
      const asked = proxy.seen.length
      for (let count = 0; count < 100; count += 1) await ask('POST', '/v2/gone/during/blobs/uploads/')
      expect(proxy.seen.length - asked).toBeLessThan(20 * registry.size)

      proxy.fate = () => 'pass'
      await until('all are ready', () => allAre(200))
      expect(await registry.circuitsAreOpen()).not.toContain(true)
      wire.close()
      while (chunks.offset < blob.size) await chunks.pushChunk()
      const digest = blob.digest()
      await chunks.finish(digest)
      told.acknowledged.set(`gone/chunks/blobs/${digest}`, digest)
      await push('gone/during', told)
      await pull('gone/during', told)
      expect(told.refusals).toEqual([])
      expect((await findBroken(told)).lost).toEqual([])
    })
  })
})
