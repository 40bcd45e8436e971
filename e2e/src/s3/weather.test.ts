import { FaultyProxy } from '@berth/storage-s3/faulty-proxy'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seed, SeededRandom } from '../seeded-random.ts'
import { s3Access } from '../storage.ts'
import { BucketRegistry } from './bucket-registry.ts'
import { Told } from './told.ts'
import { WeatherClients } from './weather-clients.ts'
import { weather } from './weather.ts'

const clientsAtOnce = 3
const imagesEach = 4
const pullsEach = 2

describe.each(['all-in-one', 'split'] as const)('as %s', (topology) => {
  let proxy: FaultyProxy
  let registry: BucketRegistry
  let clients: WeatherClients

  beforeAll(async () => {
    proxy = await FaultyProxy.to(s3Access().endpoint)
    registry = await BucketRegistry.start(topology, proxy.endpoint)
    clients = await WeatherClients.of(registry)
  })

  afterAll(async () => {
    await registry.close()
    await proxy.close()
  })

  describe(`one request of the store in ten that fails, is late or is cut off (BERTH_SEED=${seed})`, () => {
    it('loses nothing that was acknowledged, and shows nothing by half', async () => {
      const told = new Told()
      proxy.fate = weather(new SeededRandom(seed))
      const client = async (_: unknown, index: number): Promise<void> => {
        for (let count = 0; count < imagesEach; count += 1) {
          const repository = `weather/${index}/${count}`
          const pushed = await clients.push(repository, told)
          for (let pulls = 0; pushed !== undefined && pulls < pullsEach; pulls += 1)
            await clients.pull(repository, told)
          await clients.pushInChunks(`${repository}/chunks`, told)
        }
      }
      await Promise.all(Array.from({ length: clientsAtOnce }, client))
      expect(told.unclean).toEqual([])
      // They are few, since what fails is tried again.
      expect(told.refusals.length).toBeLessThan(clientsAtOnce * imagesEach)

      proxy.fate = () => 'pass'
      expect(await clients.findLost(told)).toEqual([])
    })
  })
})
