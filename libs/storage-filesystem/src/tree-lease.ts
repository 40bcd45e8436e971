import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Logger } from '@berth/errors'
import { layout } from '@berth/storage'
import {
  describeHolder,
  formatHolder,
  type Holder,
  holderOf,
  type HolderOptions,
  isRunning,
  readHolder,
} from './lock-holder.ts'
import { privateFile } from './private-files.ts'

/** How often a holder shows that it is still there, in milliseconds. */
const beatMs = 5000
/** How long a holder that cannot be seen counts as being there after its last sign, in milliseconds. */
const lifeMs = 60_000

/**
 * A lock for file systems that have none: a file that says who holds the tree, created by `O_EXCL`, and written again
 * every few seconds. What a killed holder leaves counts as gone at once if its process number can be looked up here, else
 * a minute after its last sign.
 *
 * A holder that stood still for a minute may be taken for gone and go on later. So a lease keeps apart those that are
 * started by mistake; it is not enough for a process to trust that nobody else writes.
 */
export class TreeLease {
  readonly #path: string
  readonly #holder: Holder
  readonly #log: Logger | undefined
  readonly #timer: NodeJS.Timeout
  #isLost = false
  #isBeating = false

  private constructor(path: string, holder: Holder, log: Logger | undefined) {
    this.#path = path
    this.#holder = holder
    this.#log = log
    this.#timer = setInterval(() => void this.#beat(), beatMs)
    this.#timer.unref()
  }

  /** @throws Error that says who holds the tree */
  static async acquire(
    root: string,
    options: HolderOptions & { readonly log?: Logger | undefined },
  ): Promise<TreeLease> {
    const holder = await holderOf(options)
    const lock = `${root}${layout.lockPath}`
    const exclusivePath = `${lock}.exclusive`
    const path = options.mode === 'exclusive' ? exclusivePath : `${lock}.shared.${holder.id}`
    await removeIfGone(exclusivePath)
    try {
      await fs.writeFile(path, formatHolder(holder), { flag: 'wx', mode: privateFile })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw inUse(root, await describeHolder(path), error)
      await fs.rm(path, { force: true })
      throw error
    }
    // The own file comes before the look at the others', so that of two that begin at once at least one sees the other.
    const others = options.mode === 'exclusive' ? await sharedLeases(lock) : [exclusivePath]
    for (const other of others) {
      if (await removeIfGone(other)) continue
      await fs.rm(path, { force: true })
      throw inUse(root, await describeHolder(other))
    }
    return new TreeLease(path, holder, options.log)
  }

  close(): void {
    clearInterval(this.#timer)
    if (this.#isLost) return
    this.#isLost = true
    rmSync(this.#path, { force: true })
  }

  /** Writes the file again, if it is still this holder's. */
  async #beat(): Promise<void> {
    if (this.#isLost || this.#isBeating) return
    this.#isBeating = true
    try {
      const found = await readHolder(this.#path)
      if (this.#isLost) return
      if (found?.id === this.#holder.id)
        return await fs.writeFile(this.#path, formatHolder(this.#holder), { flag: 'r+' })
      this.#isLost = true
      const by = found && (await describeHolder(this.#path))
      this.#log?.error({ path: this.#path, by }, 'another process uses the same tree: stop one of the two')
    } catch (error) {
      this.#log?.warn({ path: this.#path, err: error }, 'cannot renew the lease of the tree')
    } finally {
      this.#isBeating = false
    }
  }
}

function inUse(root: string, holder: string, cause?: unknown): Error {
  const after = `(its file system has no locks: a holder that was killed counts as gone after ${lifeMs / 1000} s)`
  return new Error(`${root} is in use by ${holder} ${after}`, { cause })
}

async function sharedLeases(lock: string): Promise<readonly string[]> {
  const directory = dirname(lock)
  const prefix = `${basename(lock)}.shared.`
  const names = await fs.readdir(directory)
  return names.filter((name) => name.startsWith(prefix)).map((name) => `${directory}/${name}`)
}

/** @returns whether nobody has this lease any more */
async function removeIfGone(path: string): Promise<boolean> {
  const holder = await readHolder(path)
  if (!(await isGone(path, holder))) return false
  // Moved first: another that comes to the same end may have taken the place meanwhile.
  const aside = `${dirname(path)}/lock.gone.${randomUUID()}`
  try {
    await fs.rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
  const moved = await readHolder(aside)
  if (moved?.id === holder?.id) {
    await fs.rm(aside, { force: true })
    return true
  }
  await fs.rename(aside, path)
  return false
}

async function isGone(path: string, holder: Holder | undefined): Promise<boolean> {
  const isRunningHere = holder && (await isRunning(holder))
  if (isRunningHere !== undefined) return !isRunningHere
  try {
    const { mtimeMs } = await fs.stat(path)
    return (await clockOf(dirname(path))) - mtimeMs > lifeMs
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}

/** The time of the file system's clock, which need not be this machine's. */
async function clockOf(directory: string): Promise<number> {
  const path = `${directory}/lock.clock.${randomUUID()}`
  try {
    await fs.writeFile(path, '.', { flag: 'wx', mode: privateFile })
    return (await fs.stat(path)).mtimeMs
  } catch {
    // The disk may be full.
    return Date.now()
  } finally {
    await fs.rm(path, { force: true })
  }
}
