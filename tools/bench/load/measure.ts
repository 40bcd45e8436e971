import { cpuSecondsOf } from '../resources.ts'
import { Connection } from './connection.ts'
import type { Job, Measurement } from './job.ts'

/** Does one operation on a connection of its own, and returns how many bytes of content that moved. */
export type Operation = (connection: Connection) => Promise<number>

/**
 * Repeats an operation on so many connections at once, each starting its next when the last has ended. What begins
 * within the time is counted, to its end; what ran in the warm-up before is not.
 */
export async function measureRepeated(job: Job, connections: number, operation: Operation): Promise<Measurement> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(job.target.port)))
  try {
    await repeat(open, job.warmUpMs, operation)
    return await measure(job, () => repeat(open, job.durationMs, operation))
  } finally {
    for (const connection of open) connection.close()
  }
}

export interface Work {
  readonly operations: number
  readonly bytes: number
}

/** Times `work`, with the CPU time that it costs the server and this process. */
export async function measure({ target }: Job, work: () => Promise<Work>): Promise<Measurement> {
  const before = { server: cpuSecondsOf(target.pids), load: process.cpuUsage(), at: performance.now() }
  const { operations, bytes } = await work()
  const seconds = (performance.now() - before.at) / 1000
  const load = process.cpuUsage(before.load)
  return {
    operations,
    bytes,
    seconds,
    serverCpuSeconds: cpuSecondsOf(target.pids) - before.server,
    loadCpuSeconds: (load.user + load.system) / 1e6,
  }
}

async function repeat(connections: readonly Connection[], durationMs: number, operation: Operation): Promise<Work> {
  const end = performance.now() + durationMs
  let operations = 0
  let bytes = 0
  const loop = async (connection: Connection): Promise<void> => {
    while (performance.now() < end) {
      const moved = await operation(connection)
      operations += 1
      bytes += moved
    }
  }
  await Promise.all(connections.map(loop))
  return { operations, bytes }
}
