import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

export interface HolderOptions {
  /** Who asks, for the message to those who are refused: `all-in-one`, `collect`. */
  readonly owner: string
  /** `shared` is held by any number at once, while nobody holds it `exclusive`. */
  readonly mode: 'exclusive' | 'shared'
  /** Default: now. */
  readonly since?: Date
}

/** Who holds a tree, as the file beside its lock says. */
export interface Holder {
  readonly id: string
  readonly owner: string
  readonly mode: 'exclusive' | 'shared'
  readonly pid: number
  readonly host: string
  readonly command: string
  readonly since: string
  /** Within which process numbers mean something: the boot of the machine, and the container. Absent where unknown. */
  readonly processes?: string
  /** When the process was started, in clock ticks since the boot: process numbers are used again. */
  readonly startedAt?: string
}

/** This process as a holder. */
export async function holderOf({ owner, mode, since = new Date() }: HolderOptions): Promise<Holder> {
  const processes = await processNumbers()
  const startedAt = await startOf(process.pid)
  return {
    id: randomUUID(),
    owner,
    mode,
    pid: process.pid,
    host: hostname(),
    command: process.argv.join(' '),
    since: since.toISOString(),
    ...(processes !== undefined && { processes }),
    ...(startedAt !== undefined && { startedAt }),
  }
}

export function formatHolder(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`
}

/** @returns `undefined` where nothing is, or what is there is not whole */
export async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof holder === 'object' && holder !== null ? (holder as Holder) : undefined
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** For a message. */
export async function describeHolder(path: string): Promise<string> {
  const holder = await readHolder(path).catch(() => undefined)
  if (holder === undefined) return 'another process, which has not said who it is'
  const { owner, pid, host, since, command } = holder
  return `${owner}, process ${pid} on ${host} since ${since} (${command})`
}

/** Whether a holder still runs; `undefined` where its process cannot be seen from here. */
export async function isRunning(holder: Holder): Promise<boolean | undefined> {
  if (holder.processes === undefined || holder.startedAt === undefined) return undefined
  if (holder.processes !== (await processNumbers())) return undefined
  return (await startOf(holder.pid)) === holder.startedAt
}

async function processNumbers(): Promise<string | undefined> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return `${boot} ${await readlink('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}

async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // After the name in brackets, which may hold anything, come the state and 18 numbers, then this one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
