import { constants } from 'node:fs'
import { dirname } from 'node:path'
import { LruCache } from '@berth/bytes'
import { isUnsupportedSync } from './abilities.ts'
import { failedWith, type FileSystem } from './file-system.ts'
import { ownRoot, privateDirectory } from './private-files.ts'

const knownDirectories = 8192

/** What is known of a directory that is there. One that is removed and made again is known anew. */
interface Known {
  isSettled: boolean
}

/**
 * Makes directories, and makes what is in them durable. A directory is *settled* once a power failure cannot take it
 * away: its parent was synced after it was made, and is settled itself. Those that are known to be there need no call
 * to be made, those that are known to be settled none to be synced.
 */
export class Directories {
  readonly #files: FileSystem
  readonly #root: string
  readonly #known = new LruCache<string, Known>({ maxWeight: knownDirectories })
  readonly #syncs = new Map<string, { readonly running: Promise<void>; next: Promise<void> | undefined }>()

  readonly #ownRoot: string
  readonly #canSync: boolean

  /**
   * @param root is there, and durable
   * @param canSync whether the file system has a sync of directories
   */
  constructor(files: FileSystem, root: string, canSync = true) {
    this.#files = files
    this.#root = root
    this.#ownRoot = `${root}${ownRoot}/`
    this.#canSync = canSync
  }

  /** Whether a path is of Berth's own records, which are for no other user. */
  isPrivate(path: string): boolean {
    return path.startsWith(this.#ownRoot)
  }

  /** Makes a directory and those above it. One that is there is no error. */
  async make(directory: string): Promise<void> {
    if (directory === this.#root || this.#known.get(directory) !== undefined) return
    try {
      await this.#makeNew(directory)
      this.#known.set(directory, { isSettled: false })
    } catch (error) {
      if (!failedWith(error, 'EEXIST')) throw error
      this.#know(directory)
    }
  }

  /**
   * Moves a directory to where none is, or an empty one. Of several callers at once, whose directories are not empty,
   * one succeeds.
   *
   * @throws FileSystemError ENOTEMPTY or EEXIST
   */
  async place(made: string, directory: string): Promise<void> {
    await this.with(dirname(directory), () => this.#files.rename(made, directory))
    this.#known.set(directory, { isSettled: false })
  }

  /**
   * Does what needs a directory, which is made first. If the directory is removed meanwhile it is made again, once.
   *
   * @throws what `use` throws; ENOENT then is not for want of the directory, or it is being removed all the time
   */
  async with<T>(directory: string, use: () => Promise<T>): Promise<T> {
    await this.make(directory)
    try {
      return await use()
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
      this.forget(directory)
      await this.make(directory)
      return use()
    }
  }

  /** Makes the names in a directory durable, and the directory itself. All syncs that this takes run side by side. */
  async settle(directory: string): Promise<void> {
    if (!this.#canSync) return this.#requireThere(directory)
    await Promise.all([this.#sync(directory), this.settleItself(directory)])
  }

  /** Makes a directory durable that is there. */
  async settleItself(directory: string): Promise<void> {
    if (!this.#canSync) return
    const settling: Known[] = []
    const syncs: Promise<void>[] = []
    for (let each = directory; each !== this.#root; each = dirname(each)) {
      const known = this.#know(each)
      if (known.isSettled) break
      settling.push(known)
      syncs.push(this.#sync(dirname(each)))
    }
    await Promise.all(syncs)
    for (const known of settling) known.isSettled = true
  }

  /** Forgets that a directory is there. */
  forget(directory: string): void {
    this.#known.delete(directory)
  }

  async #makeNew(directory: string): Promise<void> {
    const mode = this.isPrivate(directory) ? privateDirectory : undefined
    try {
      await this.#files.mkdir(directory, mode)
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
      const parent = dirname(directory)
      this.forget(parent)
      await this.make(parent)
      await this.#files.mkdir(directory, mode)
    }
  }

  #know(directory: string): Known {
    let known = this.#known.get(directory)
    if (known === undefined) {
      known = { isSettled: false }
      this.#known.set(directory, known)
    }
    return known
  }

  /** A directory that was removed meanwhile is not found, as it is not when it is opened to be synced. */
  async #requireThere(directory: string): Promise<void> {
    await this.#files.stat(directory)
  }

  /** One sync serves all who ask while another, which may have missed what they did, is under way. */
  #sync(directory: string): Promise<void> {
    const current = this.#syncs.get(directory)
    if (current === undefined) return this.#startSync(directory)
    const start = (): Promise<void> => this.#startSync(directory)
    current.next ??= current.running.then(start, start)
    return current.next
  }

  #startSync(directory: string): Promise<void> {
    const state: { running: Promise<void>; next: Promise<void> | undefined } = {
      running: this.#syncNow(directory),
      next: undefined,
    }
    this.#syncs.set(directory, state)
    const forgetSync = (): void => {
      if (state.next === undefined) this.#syncs.delete(directory)
    }
    state.running.then(forgetSync, forgetSync)
    return state.running
  }

  async #syncNow(directory: string): Promise<void> {
    const fd = await this.#files.open(directory, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await this.#files.fsync(fd)
    } catch (error) {
      // Found out at the start, unless the disk was full then.
      if (!isUnsupportedSync(error)) throw error
    } finally {
      this.#files.closeDirectory(fd)
    }
  }
}
