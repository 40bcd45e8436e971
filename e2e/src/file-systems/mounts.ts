import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why no test may mount anything here; `undefined` where it may. */
export const mountsRefused = reasonAgainstMounts()

function reasonAgainstMounts(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may mount'
  const directory = mkdtempSync(join(tmpdir(), 'berth-mount-'))
  try {
    mountMemory(directory, '64k')
    unmount(directory)
    return undefined
  } catch (error) {
    return `mount fails: ${(error as Error).message}`
  } finally {
    rmdirSync(directory)
  }
}

/** Mounts a file system in memory that holds no more than `size`. */
export function mountMemory(directory: string, size: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'berth-test', directory], { stdio: 'pipe' })
}

export function makeReadOnly(directory: string): void {
  execFileSync('mount', ['-o', 'remount,ro', directory], { stdio: 'pipe' })
}

export function unmount(directory: string): void {
  execFileSync('umount', ['-l', directory], { stdio: 'pipe' })
}
