import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { type Settings, writeConfiguration } from '../configuration.ts'
import { freePort } from '../free-port.ts'
import { type SplitDeployment, type SplitService, startSplit } from '../split.ts'

/** A service that clients can speak to directly. */
export interface BlobNode extends SplitService {
  readonly http: string
  readonly debug: string
}

const patienceMs = 90_000

/** The registry as services with three blob nodes, on a tree of its own. */
export class Deployment {
  readonly folder: string
  readonly #running: SplitDeployment

  private constructor(folder: string, running: SplitDeployment) {
    this.folder = folder
    this.#running = running
  }

  /** @param settings laid over those that all tests begin with */
  static async start(settings: Settings = {}): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-split-e2e-'))
    try {
      const port = await freePort()
      const debug = { addr: `127.0.0.1:${await freePort()}`, prometheus: { enabled: true } }
      const http = { addr: `127.0.0.1:${port}`, debug, ...settings['http'] }
      const file = await writeConfiguration(folder, port, { ...settings, http })
      return new Deployment(folder, await startSplit({ folder, file, port, blobNodes: 3 }))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Where the gateway listens. */
  get host(): string {
    return this.#running.host
  }

  async services(): Promise<readonly SplitService[]> {
    return this.#running.services()
  }

  async blobNodes(): Promise<readonly BlobNode[]> {
    return (await this.services()).filter(
      (service): service is BlobNode => service.http !== undefined && isNode(service),
    )
  }

  async service(name: string): Promise<SplitService> {
    const found = (await this.services()).find((service) => service.name === name)
    if (found === undefined) throw new Error(`there is no service ${name}`)
    return found
  }

  /** Waits until another process is in the place of one that ended, and serves. */
  async untilReplaced({ name, pid }: SplitService): Promise<SplitService> {
    return until(`${name} serves again`, async () => {
      const now = await this.service(name)
      if (now.pid === pid) return undefined
      const address = now.debug === undefined ? `${this.host}/v2/` : `${now.debug}/readyz`
      return (await answers(`http://${address}`)) ? now : undefined
    })
  }

  /** Ends it, and returns all that its services have printed. */
  async stop(): Promise<string> {
    await this.#running.stop()
    return this.#running.output()
  }

  async close(): Promise<void> {
    await this.#running.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** What a service counts by that name now, over all labels that begin so. */
export async function metricOf({ debug }: SplitService, name: string): Promise<number> {
  const response = await fetch(`http://${debug}/metrics`)
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith(name))
  if (response.status !== 200 || lines.length === 0) throw new Error(`${debug} does not count ${name}`)
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Stops a process in the midst of what it does, and waits until it stands still. */
export async function freeze({ name, pid }: SplitService): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await until(`${name} stands still`, async () => {
    return /\) T /.test(await readFile(`/proc/${pid}/stat`, 'utf8')) ? true : undefined
  })
}

/** Asks again and again: of what happens in other processes nobody is told. @throws Error what did not happen */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const late = AbortSignal.timeout(patienceMs)
  while (!late.aborted) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await scheduler.wait(20)
  }
  throw new Error(`not within ${patienceMs} ms: ${what}`)
}

function isNode({ name, debug }: SplitService): boolean {
  return name.startsWith('blob-upload') && debug !== undefined
}

/** Whether somebody is there, who says that all is well. */
export async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}
