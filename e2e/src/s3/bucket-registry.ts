import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBerth, type Topology } from '../berth.ts'
import { freePort } from '../free-port.ts'
import { Deployment } from '../split/deployment.ts'
import { driverIn } from '../storage.ts'

const mebibyte = 1024 * 1024

/** A registry on a bucket, and how those of its processes are that ask the store. */
export class BucketRegistry {
  /** For what the clients of a test keep. */
  readonly folder: string
  readonly host: string
  /** Where each of them tells. */
  readonly #debugs: readonly string[]
  /** By their ids, those that run now. */
  readonly pids: () => Promise<readonly number[]>
  readonly #stop: () => Promise<unknown>

  private constructor(folder: string, { host, debugs, pids, stop }: Running) {
    this.folder = folder
    this.host = host
    this.#debugs = debugs
    this.pids = pids
    this.#stop = stop
  }

  /** @param endpoint where it finds the store, or what is in front of that */
  static async start(topology: Topology, endpoint: string): Promise<BucketRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-weather-'))
    const { s3 } = driverIn(folder, 's3')
    const storage = {
      // Parts are small, so that there are many.
      s3: { ...s3, regionendpoint: endpoint, chunksize: 5 * mebibyte, timeout: '5s' },
      // Clients that were sent to the store would have to weather it themselves.
      redirect: { disable: true },
    }
    const running = topology === 'split' ? await startServices(storage) : await startProcess(folder, storage)
    return new BucketRegistry(folder, running)
  }

  /** How many they are. */
  get size(): number {
    return this.#debugs.length
  }

  /** Whether each holds back what it would ask of the store. */
  async circuitsAreOpen(): Promise<readonly boolean[]> {
    return this.#ofEach(async (debug) => {
      const metrics = await (await fetch(`http://${debug}/metrics`)).text()
      return /^berth_s3_circuit_open (\d)$/m.exec(metrics)?.[1] === '1'
    })
  }

  /** The status by which each says whether it is to be asked. */
  async readiness(): Promise<readonly number[]> {
    return this.#ofEach(async (debug) => {
      const answer = await fetch(`http://${debug}/readyz`)
      await answer.arrayBuffer()
      return answer.status
    })
  }

  async close(): Promise<void> {
    await this.#stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  #ofEach<T>(ask: (debug: string) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(this.#debugs.map(ask))
  }
}

interface Running {
  readonly host: string
  readonly debugs: readonly string[]
  readonly pids: () => Promise<readonly number[]>
  readonly stop: () => Promise<unknown>
}

async function startProcess(folder: string, storage: object): Promise<Running> {
  const debug = `127.0.0.1:${await freePort()}`
  const http = { debug: { addr: debug, prometheus: { enabled: true } } }
  const berth = await startBerth({ folder, topology: 'all-in-one', settings: { storage, http } })
  return { host: berth.host, debugs: [debug], pids: () => berth.serving(), stop: () => berth.kill() }
}

/** Three blob nodes and the manifest service ask the store; the gateway asks these. */
async function startServices(storage: object): Promise<Running> {
  const deployment = await Deployment.start({ storage })
  const asking = (await deployment.services()).filter(({ name }) => name !== 'api-gateway')
  const debugs = asking.flatMap(({ debug }) => debug ?? [])
  const pids = async (): Promise<readonly number[]> => (await deployment.services()).map(({ pid }) => pid)
  return { host: deployment.host, debugs, pids, stop: () => deployment.close() }
}
