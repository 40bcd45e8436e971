import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBerth, type Instance } from '../berth.ts'
import { peakMemory } from '../peak-memory.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { until } from '../split/deployment.ts'
import { NormalClient } from './normal-client.ts'

/** Maximum memory of each process while it is attacked, in MiB. Its heap is limited to 384 MiB. */
const memoryLimitMiB = 512
const heapMiB = 384

/** Time without progress after which the registry ends a request, in milliseconds: short, so that tests are. */
const stallTimeoutMs = 2_000

interface AttackedInstance extends Pick<Instance, 'settings' | 'topology'> {
  /** See `Limits`. */
  readonly openFiles?: number
  /** Credentials of the normal client, where the registry asks for them. */
  readonly normalClient?: Readonly<Record<string, string>>
}

/** A registry with little memory and a short stall timeout, and a normal client that pushes and pulls all the time. */
export class AttackedRegistry {
  readonly host: string
  readonly port: number
  /** Where its configuration and its tree lie. */
  readonly folder: string
  readonly normalClient: NormalClient
  readonly #registry: RegistryProcess
  #openFilesAtRest = 0

  private constructor(folder: string, registry: RegistryProcess, headers: Readonly<Record<string, string>>) {
    this.host = registry.host
    this.port = registry.port
    this.folder = folder
    this.#registry = registry
    this.normalClient = new NormalClient(registry.host, headers)
  }

  static async start(instance: AttackedInstance = {}): Promise<AttackedRegistry> {
    const { settings = {}, topology = 'all-in-one', openFiles, normalClient = {} } = instance
    const folder = await mkdtemp(join(tmpdir(), 'berth-attack-'))
    const registry = await startBerth({
      folder,
      topology,
      blobNodes: 1,
      settings: { ...settings, http: { stalltimeout: `${stallTimeoutMs}ms`, ...settings['http'] } },
      limits: { heapMiB, ...(openFiles !== undefined && { openFiles }) },
    })
    const attacked = new AttackedRegistry(folder, registry, normalClient)
    await attacked.normalClient.finishes(1)
    attacked.#openFilesAtRest = await attacked.#openFiles()
    return attacked
  }

  /** By their ids, all processes that serve. */
  processes(): Promise<readonly number[]> {
    return this.#registry.serving()
  }

  /** All that the registry has printed so far. */
  output(): string {
    return this.#registry.output()
  }

  /**
   * Waits, after the attackers have ended, until the registry has closed what it had open for them: connections, and
   * files that were read.
   */
  async isFreeAgain(): Promise<void> {
    // The normal client's own files come and go.
    const limit = this.#openFilesAtRest + 10
    await until('the registry closes what attackers left', async () => (await this.#openFiles()) < limit || undefined)
    await this.normalClient.finishes(1)
  }

  /** Ends all. @throws Error the normal client failed, a process ended, or one of them took too much memory */
  async close(): Promise<void> {
    try {
      await this.normalClient.stop()
      const peak = await peakMemory(await this.processes())
      if (peak > memoryLimitMiB) throw new Error(`a process took ${Math.round(peak)} MiB`)
    } finally {
      await this.#registry.kill()
      await rm(this.folder, { recursive: true, force: true })
    }
  }

  async #openFiles(): Promise<number> {
    const counts = (await this.processes()).map(async (pid) => (await readdir(`/proc/${pid}/fd`)).length)
    return Math.max(...(await Promise.all(counts)))
  }
}
