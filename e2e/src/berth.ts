import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeConfiguration, type Settings } from './configuration.ts'
import { freePort } from './free-port.ts'
import { type Program, startRegistry, type RegistryProcess } from './registry-process.ts'
import { startSplit } from './split.ts'

export interface Instance {
  /** An existing directory of its own: the configuration and the tree (`treeIn`) lie in it. */
  readonly folder: string
  readonly settings?: Settings
  /** Any free one where it is not given. */
  readonly port?: number
  /** Default: what the environment asks for. */
  readonly topology?: Topology
  /** Of the split deployment. Default: 3. */
  readonly blobNodes?: number
  /** See `Program`. */
  readonly detached?: boolean
  /** See `Program`. Of all-in-one only. */
  readonly standardOutput?: number
  /** The checkout whose sources run. Default: this one. */
  readonly checkout?: string
  /** Limits that the operating system or Node sets to each process. Default: those of the tests. */
  readonly limits?: Limits
  /** See `Program`; of one process alone. */
  readonly user?: NonNullable<Program['user']>
}

interface Limits {
  /** Size of V8's old generation, in MiB (`--max-old-space-size`). */
  readonly heapMiB?: number
  /** Number of files that a process may have open (`ulimit -n`). */
  readonly openFiles?: number
}

/** How Berth runs: the whole registry in one process, or as services of its own. */
export type Topology = 'all-in-one' | 'split'

/** What the environment asks for, `BERTH_TOPOLOGY`; one process where it does not. */
export const topology = topologyNamed(process.env['BERTH_TOPOLOGY'] ?? 'all-in-one')

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** The sources, or the program that `BERTH_MAIN` names, such as the bundle that images hold. */
const mainIn = (checkout: string): string =>
  resolve(checkout, process.env['BERTH_MAIN'] ?? 'apps/all-in-one/src/main.ts')

/** Starts Berth as users do, with a configuration file, and waits until it listens. */
export async function startBerth(instance: Instance): Promise<RegistryProcess> {
  const { folder, settings = {}, port, detached = false, limits = {}, checkout = repository } = instance
  const { user, standardOutput } = instance
  const listening = port ?? (await freePort())
  // Without its second listener, so that several can run at once.
  const http = { addr: `127.0.0.1:${listening}`, debug: { addr: 'off' }, ...settings['http'] }
  const file = await writeConfiguration(folder, listening, { ...settings, http })
  const env = { ...process.env, ...(limits.heapMiB && { NODE_OPTIONS: `--max-old-space-size=${limits.heapMiB}` }) }
  if ((instance.topology ?? topology) === 'split')
    return startSplit({ folder, file, port: listening, detached, env, checkout, blobNodes: instance.blobNodes ?? 3 })
  const program = [process.execPath, mainIn(checkout), '--config', file]
  const [command = '', ...args] =
    limits.openFiles === undefined
      ? program
      : ['/bin/sh', '-c', `ulimit -n ${limits.openFiles} && exec "$0" "$@"`, ...program]
  return startRegistry({
    command,
    args,
    port: listening,
    detached,
    env,
    ...(user && { user }),
    ...(standardOutput !== undefined && { standardOutput }),
  })
}

/** @throws Error there is no such topology */
export function topologyNamed(name: string): Topology {
  if (name === 'all-in-one' || name === 'split') return name
  throw new Error(`there is no topology ${JSON.stringify(name)}: all-in-one or split`)
}
