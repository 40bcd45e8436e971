import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scheduler } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startRegistry, type RegistryProcess } from './registry-process.ts'

export interface SplitOptions {
  readonly folder: string
  /** The configuration. */
  readonly file: string
  readonly port: number
  readonly blobNodes?: number
  /** See `Program`. */
  readonly detached?: boolean
  /** The checkout whose sources run. Default: this one. */
  readonly checkout?: string
  /** The environment of all processes. Default: that of the tests. */
  readonly env?: NodeJS.ProcessEnv
}

/** A process of the deployment; addresses are `host:port`. */
export interface SplitService {
  readonly name: string
  readonly pid: number
  readonly http?: string
  readonly rpc?: string
  readonly debug?: string
  readonly redis?: string
}

export interface SplitDeployment extends RegistryProcess {
  /** What runs now. */
  services(): Promise<readonly SplitService[]>
}

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** Starts the registry as services of its own, and waits until all serve. */
export async function startSplit(options: SplitOptions): Promise<SplitDeployment> {
  const { folder, file, port, blobNodes = 3, detached = false, checkout = repository } = options
  const statusFile = join(folder, `split-${port}.json`)
  const args = [
    join(checkout, 'tools/split/main.ts'),
    '--blob-nodes',
    String(blobNodes),
    '--config',
    file,
    '--status-file',
    statusFile,
  ]
  // One that is killed leaves its temporary files behind.
  const env = { ...(options.env ?? process.env), TMPDIR: folder }
  const supervisor = await startRegistry({ command: process.execPath, args, port, env, detached })

  const services = async (): Promise<readonly SplitService[]> =>
    (JSON.parse(await readFile(statusFile, 'utf8')) as { services: SplitService[] }).services
  // The gateway listens before the supervisor has seen that it does.
  while (!(await services().then(Boolean, () => false))) await scheduler.wait(10)

  return {
    ...supervisor,
    services,
    serving: async () => (await services()).map(({ pid }) => pid),
    kill: async () => {
      // First who would start the others again.
      send(supervisor.pid, 'SIGSTOP')
      // Once it has ended there are none.
      const running = await services().catch(() => [])
      // As where a machine fails: nobody is left for a moment who could tell clients that others are gone.
      const [gateways, others] = [running.filter(isGateway), running.filter((each) => !isGateway(each))]
      for (const group of [gateways, others]) {
        for (const { pid } of group) send(pid, 'SIGKILL')
        for (const { pid } of group) while (await isRunning(pid)) await scheduler.wait(5)
      }
      return supervisor.kill()
    },
  }
}

function isGateway({ name }: SplitService): boolean {
  return name === 'api-gateway'
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

/** Whether it is neither gone nor dead and waiting to be taken note of. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
    const status = await readFile(`/proc/${pid}/stat`, 'utf8')
    return !/\) [ZX] /.test(status)
  } catch {
    return false
  }
}
