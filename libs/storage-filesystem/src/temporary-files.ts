import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { dirname } from 'node:path'
import type { ByteBudget, ByteStream } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import { failedWith, type FileSystem } from './file-system.ts'
import { FileWriter } from './file-writer.ts'
import { privateDirectory } from './private-files.ts'
import { removeDirectory, removeTree } from './remove-tree.ts'
import { Spares } from './spares.ts'

const { O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = constants
const newFile = O_CREAT | O_EXCL | O_WRONLY
const spareFile = O_TRUNC | O_WRONLY
/** A directory of more files is not kept. */
const maxReused = 8

export interface WriteOptions {
  readonly durable: boolean
  readonly signal?: AbortSignal | undefined
  /** See `AppendOptions` of the driver's contract. */
  readonly share?: string | undefined
  /** Permissions of a file that is no other user's business. Default: what the umask leaves. */
  readonly mode?: number
}

/** Finished content that has no place yet, and what was taken from its place to be removed at leisure. */
export class TemporaryFiles {
  readonly #files: FileSystem
  readonly #directory: string
  readonly #budget: ByteBudget
  readonly #log: Logger
  readonly #removals = new Set<Promise<void>>()
  readonly #spareFiles = new Spares()
  readonly #spareDirectories = new Spares()
  #isThere: boolean

  /** @param isThere whether the directory is there, which it is not where the disk was full at the start */
  constructor(files: FileSystem, directory: string, budget: ByteBudget, log: Logger, isThere = true) {
    this.#files = files
    this.#isThere = isThere
    this.#directory = directory
    this.#budget = budget
    this.#log = log
  }

  /** Writes content to a file that nobody else has. When that fails nothing is left of it. @returns its path */
  async write(content: Uint8Array | ByteStream, options: WriteOptions): Promise<string> {
    options.signal?.throwIfAborted()
    // Only what is synced: a file system may sync what replaces content in its own time, and not all wait for that.
    const spare = options.durable && options.mode === undefined ? await this.#openSpare() : undefined
    if (spare !== undefined) {
      await this.#writeOpen(spare.fd, spare.path, content, options)
      return spare.path
    }
    if (!this.#isThere) await this.#makeDirectory()
    const path = this.#newPath()
    await this.writeTo(path, content, options)
    return path
  }

  /** As `write`, to a path where nothing is. @returns the bytes written */
  async writeTo(path: string, content: Uint8Array | ByteStream, options: WriteOptions): Promise<number> {
    options.signal?.throwIfAborted()
    return this.#writeOpen(await this.#files.open(path, newFile, options.mode), path, content, options)
  }

  /** An empty directory that nobody else has. @returns its path */
  async directory(): Promise<string> {
    const spare = this.#spareDirectories.take()
    if (spare !== undefined) return spare
    if (!this.#isThere) await this.#makeDirectory()
    const path = this.#newPath()
    await this.#files.mkdir(path)
    return path
  }

  /** Removes a file that is of no use; one that stays is purged by its age. */
  async removeFile(path: string): Promise<void> {
    try {
      await this.#files.unlink(path)
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) this.#log.warn({ path, err: error }, 'cannot remove a temporary file')
    }
  }

  /** Removes a directory that is of no use; one that stays is purged by its age. */
  async removeDirectory(directory: string): Promise<void> {
    await this.#whenRemoved(directory, removeDirectory(this.#files, directory))
  }

  /**
   * Takes a directory from its place, so that nothing finds it any more, and removes it.
   *
   * @param isFinished tells of a name whether nobody can have that file open to write to it: it may be used again
   * @returns `removed`, which never rejects: what stays is purged by its age
   * @throws FileSystemError ENOENT
   */
  async takeAway(
    directory: string,
    isFinished: (name: string) => boolean = () => false,
  ): Promise<{ readonly removed: Promise<void> }> {
    if (!this.#isThere) await this.#makeDirectory()
    const path = this.#newPath()
    await this.#files.rename(directory, path)
    return { removed: this.#whenRemoved(path, this.#reuse(path, isFinished)) }
  }

  /** Removes what nobody has changed since `beforeMs`, as a process leaves it that was killed. @returns how many */
  async purge(beforeMs: number): Promise<number> {
    return this.#purge(await this.#names(), beforeMs)
  }

  /**
   * Removes all that is there now, for a process that has the tree to itself: before it writes anything, all of that
   * is left from processes that were killed.
   *
   * @returns once it is known what that is; `removed` is how many, and never rejects
   */
  async purgeLeftovers(): Promise<{ readonly removed: Promise<number> }> {
    // By their names, not by time: the clock of a file may be behind that of the process.
    const names = await this.#names()
    return { removed: this.#purge(names, Number.POSITIVE_INFINITY) }
  }

  async #purge(names: readonly string[], beforeMs: number): Promise<number> {
    let purged = 0
    for (const name of names) {
      const path = `${this.#directory}/${name}`
      try {
        const { ctimeMs } = await this.#files.stat(path)
        if (ctimeMs >= beforeMs) continue
        await removeTree(this.#files, path)
        purged += 1
      } catch (error) {
        if (!failedWith(error, 'ENOENT')) this.#log.warn({ path, err: error }, 'cannot remove a temporary file')
      }
    }
    return purged
  }

  /** Waits for the removals that are under way, and removes what was kept to be used again. */
  async close(): Promise<void> {
    await Promise.all(this.#removals)
    const spares = [...this.#spareFiles.takeAll(), ...this.#spareDirectories.takeAll()]
    for (const path of spares) await this.#whenRemoved(path, removeTree(this.#files, path))
  }

  async #names(): Promise<readonly string[]> {
    return this.#isThere ? this.#files.readdir(this.#directory) : []
  }

  /** Makes the directory where the disk was too full for it before. @throws FileSystemError ENOSPC: it still is */
  async #makeDirectory(): Promise<void> {
    try {
      const parent = dirname(this.#directory)
      for (const directory of [dirname(parent), parent, this.#directory])
        await this.#files.mkdir(directory, privateDirectory).catch((error: unknown) => {
          if (!failedWith(error, 'EEXIST')) throw error
        })
      this.#isThere = true
    } catch (error) {
      // ENOENT would mean something else to the caller.
      if (failedWith(error, 'ENOENT')) throw new Error('the root directory is gone', { cause: error })
      throw error
    }
  }

  /** A path that nothing has. */
  #newPath(): string {
    return `${this.#directory}/${randomUUID()}`
  }

  async #openSpare(): Promise<{ readonly path: string; readonly fd: number } | undefined> {
    const path = this.#spareFiles.take()
    if (path === undefined) return undefined
    try {
      return { path, fd: await this.#files.open(path, spareFile) }
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async #writeOpen(fd: number, path: string, content: Uint8Array | ByteStream, options: WriteOptions): Promise<number> {
    try {
      const size = await this.#fill(fd, content, options)
      await this.#closeWritten(fd, options.durable)
      return size
    } catch (error) {
      await this.removeFile(path)
      throw error
    }
  }

  /** Keeps what is finished of a small directory, and the directory itself; what is not kept is removed. */
  async #reuse(directory: string, isFinished: (name: string) => boolean): Promise<void> {
    const names = await this.#files.readdir(directory)
    if (names.length > maxReused || this.#spareDirectories.isFull) return removeDirectory(this.#files, directory)
    await Promise.all(
      names.map((name) => {
        const path = `${directory}/${name}`
        return isFinished(name) ? this.#reuseFile(path) : removeTree(this.#files, path)
      }),
    )
    // What is removed while somebody writes to it may stay under another name until that ends.
    const mayHaveOpenFiles = !names.every(isFinished)
    if (mayHaveOpenFiles && (await this.#files.readdir(directory)).length > 0) return
    this.#spareDirectories.keep(directory)
  }

  async #reuseFile(file: string): Promise<void> {
    if (this.#spareFiles.isFull) return this.#files.unlink(file)
    const path = this.#newPath()
    await this.#files.rename(file, path)
    this.#spareFiles.keep(path)
  }

  /** Owns a removal. */
  #whenRemoved(path: string, removal: Promise<void>): Promise<void> {
    const removed = removal
      .catch((error: unknown) => {
        if (!failedWith(error, 'ENOENT'))
          this.#log.warn({ path, err: error }, 'cannot remove a directory of deleted content')
      })
      .finally(() => this.#removals.delete(removed))
    this.#removals.add(removed)
    return removed
  }

  /** Writes and syncs content. The file is open afterwards, unless that fails. */
  async #fill(fd: number, content: Uint8Array | ByteStream, { durable, signal, share }: WriteOptions): Promise<number> {
    const files = this.#files
    try {
      if (!(content instanceof Uint8Array)) {
        return await FileWriter.write(fd, content, { files, budget: this.#budget.share(share), durable, signal })
      }
      await files.writeAll(fd, content)
      if (durable) await files.fdatasync(fd)
      return content.byteLength
    } catch (error) {
      files.closeSoon(fd)
      throw error
    }
  }

  /**
   * A network file system may only say when a file is closed that it could not be written. It is closed then, too: its
   * number may be another file's next.
   */
  async #closeWritten(fd: number, durable: boolean): Promise<void> {
    if (durable) this.#files.closeSoon(fd)
    else await this.#files.close(fd)
  }
}
