import { readFile } from 'node:fs/promises'

/** What the largest of some processes has had at most, in MiB. */
export async function peakMemory(pids: readonly number[]): Promise<number> {
  const statuses = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8')))
  return Math.max(...statuses.map((status) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024))
}
