import { readFileSync } from 'node:fs'

/** Assumed where the limit cannot be read, as on systems other than Linux. */
const usualLimit = 1024

/** How many files and sockets this process may have open (`RLIMIT_NOFILE`). */
export function openFilesLimit(read: () => string = readLimits): number {
  try {
    const limit = /^Max open files +(\d+|unlimited)/m.exec(read())?.[1]
    if (limit === undefined) return usualLimit
    return limit === 'unlimited' ? Infinity : Number(limit)
  } catch {
    return usualLimit
  }
}

function readLimits(): string {
  return readFileSync('/proc/self/limits', 'latin1')
}
