import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { FaultyProxy } from '../../../libs/storage-s3/src/faulty-proxy.ts'
import type { Contender } from '../contenders.ts'
import type { Fixture } from '../fixture.ts'
import { Connection } from '../load/connection.ts'
import type { LoadProcess } from '../load/load-process.ts'
import type { Bucket } from './bucket.ts'
import { count, operationOf, type Counts } from './operation.ts'
import { steps } from './steps.ts'

/** A registry may go on asking after it has answered; when nothing comes for so long, it has ended. */
const quietMs = 250

export interface CountingBench {
  readonly folder: string
  readonly fixture: Fixture
  readonly bucket: Bucket
  readonly load: LoadProcess
}

/** What each step costs a contender, which has just begun, in requests of the store. */
export async function countRequests(
  { folder, fixture, bucket, load }: CountingBench,
  contender: Contender,
): Promise<ReadonlyMap<string, Counts>> {
  const proxy = await FaultyProxy.to(bucket.endpoint)
  try {
    const place = { folder: await mkdtemp(join(folder, 'counted-')), bucket: bucket.behind(proxy.endpoint) }
    const registry = await contender.start(place)
    const connection = await Connection.open(registry.ports.api)
    try {
      const counts = new Map<string, Counts>()
      // Whatever both push is new to the bucket, which the other has left its own in.
      const repository = `bench/${contender.name.toLowerCase().replaceAll(' ', '-')}`
      const push = { registry, repository, connection, fixture, load }
      await requestsDuring(proxy, async () => {}) // of the start
      for (const { name, run } of steps(push)) counts.set(name, await requestsDuring(proxy, run))
      return counts
    } finally {
      connection.close()
      await registry.stop()
    }
  } finally {
    await proxy.close()
  }
}

async function requestsDuring(proxy: FaultyProxy, run: () => Promise<void>): Promise<Counts> {
  proxy.seen.splice(0)
  proxy.headers.splice(0)
  await run()
  for (let before = -1; before < proxy.seen.length; await scheduler.wait(quietMs)) before = proxy.seen.length
  return count(
    proxy.seen.map((line, at) => {
      const [method = '', url = ''] = line.split(' ')
      return operationOf(method, url, proxy.headers[at] ?? {})
    }),
  )
}
