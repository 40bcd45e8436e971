import type { Stats } from 'node:fs'
import { LruCache } from '@berth/bytes'

const maxBytes = 1024
const maxWeight = 16 * 1024 * 1024
const entryWeight = 512
/** Twice what the coarsest clock of a file system that is in use may need to tell two changes apart. */
const settledMs = 2000

/** What a file says of itself that is different after every change of it. */
type Identity = Pick<Stats, 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>

interface Seen extends Identity {
  readonly bytes: Uint8Array
}

/**
 * Small files that were read before, links most of all: to know that one has not changed is one call, to read it again
 * three. A file that changed just before it was read is not kept, since it could change again and look the same. Only
 * for file systems on which `stat` tells what is so.
 */
export class SeenFiles {
  readonly #seen = new LruCache<string, Seen>({ maxWeight })
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  find(file: string): Seen | undefined {
    return this.#seen.get(file)
  }

  isFor(size: number): boolean {
    return size <= maxBytes
  }

  /** @param stats of the open file, after it was read */
  keep(file: string, bytes: Uint8Array, stats: Stats | undefined): void {
    if (stats === undefined) return
    if (!isSettled(stats, this.#nowMs()) || stats.size !== bytes.byteLength) return
    const { ino, size, mtimeMs, ctimeMs } = stats
    this.#seen.set(file, { ino, size, mtimeMs, ctimeMs, bytes }, entryWeight + file.length + bytes.byteLength)
  }

  forget(file: string): void {
    this.#seen.delete(file)
  }
}

export function isSame(now: Identity, seen: Identity): boolean {
  return now.ino === seen.ino && now.size === seen.size && now.mtimeMs === seen.mtimeMs && now.ctimeMs === seen.ctimeMs
}

/** Whether the next change will show in `stats`: at once after one, two changes may look the same. */
export function isSettled({ ctimeMs, mtimeMs }: Pick<Stats, 'ctimeMs' | 'mtimeMs'>, nowMs: number): boolean {
  return nowMs - Math.max(ctimeMs, mtimeMs) >= settledMs
}
