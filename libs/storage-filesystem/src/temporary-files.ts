import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import type { ByteBudget, ByteStream } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import { failedWith, type FileSystem } from './file-system.ts'
import { FileWriter } from './file-writer.ts'
import { removeDirectory, removeTree } from './remove-tree.ts'

const { O_CREAT, O_EXCL, O_WRONLY } = constants
const newFile = O_CREAT | O_EXCL | O_WRONLY

export interface WriteOptions {
  readonly durable: boolean
  readonly signal?: AbortSignal | undefined
}

/** Finished content that has no place yet, and what was taken from its place to be removed at leisure. */
export class TemporaryFiles {
  readonly #files: FileSystem
  readonly #directory: string
  readonly #budget: ByteBudget
  readonly #log: Logger
  readonly #removals = new Set<Promise<void>>()

  constructor(files: FileSystem, directory: string, budget: ByteBudget, log: Logger) {
    this.#files = files
    this.#directory = directory
    this.#budget = budget
    this.#log = log
  }

  /** Writes content to a file that nobody else has. When that fails nothing is left of it. @returns its path */
  async write(content: Uint8Array | ByteStream, options: WriteOptions): Promise<string> {
    const path = this.#newPath()
    await this.writeTo(path, content, options)
    return path
  }

  /** As `write`, to a path where nothing is. @returns the bytes written */
  async writeTo(path: string, content: Uint8Array | ByteStream, options: WriteOptions): Promise<number> {
    options.signal?.throwIfAborted()
    const fd = await this.#files.open(path, newFile)
    try {
      const size = await this.#fill(fd, content, options)
      await this.#closeWritten(fd, options.durable)
      return size
    } catch (error) {
      await this.removeFile(path)
      throw error
    }
  }

  /** Removes a file that is of no use; one that stays is purged by its age. */
  async removeFile(path: string): Promise<void> {
    try {
      await this.#files.unlink(path)
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) this.#log.warn({ path, err: error }, 'temporary file stays')
    }
  }

  /**
   * Takes a directory from its place, so that nothing finds it any more, and removes it.
   *
   * @returns `removed`, which never rejects: what stays is purged by its age
   * @throws FileSystemError ENOENT
   */
  async takeAway(directory: string): Promise<{ readonly removed: Promise<void> }> {
    const path = this.#newPath()
    await this.#files.rename(directory, path)
    return { removed: this.#remove(path) }
  }

  /** Removes what nobody has changed since `beforeMs`, as a process leaves it that was killed. @returns how many */
  async purge(beforeMs: number): Promise<number> {
    return this.#purge(await this.#files.readdir(this.#directory), beforeMs)
  }

  /**
   * Removes all that is there now, for a process that has the tree to itself: before it writes anything, all of that
   * is left from processes that were killed.
   *
   * @returns once it is known what that is; `removed` is how many, and never rejects
   */
  async purgeLeftovers(): Promise<{ readonly removed: Promise<number> }> {
    // By their names, not by time: the clock of a file may be behind that of the process.
    const names = await this.#files.readdir(this.#directory)
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
        if (!failedWith(error, 'ENOENT')) this.#log.warn({ path, err: error }, 'temporary file stays')
      }
    }
    return purged
  }

  /** Waits for the removals that are under way. */
  async close(): Promise<void> {
    await Promise.all(this.#removals)
  }

  /** A path that nothing has. */
  #newPath(): string {
    return `${this.#directory}/${randomUUID()}`
  }

  #remove(directory: string): Promise<void> {
    const removed = removeDirectory(this.#files, directory)
      .catch((error: unknown) => {
        if (!failedWith(error, 'ENOENT')) this.#log.warn({ path: directory, err: error }, 'removed directory stays')
      })
      .finally(() => this.#removals.delete(removed))
    this.#removals.add(removed)
    return removed
  }

  /** Writes and syncs content. The file is open afterwards, unless that fails. */
  async #fill(fd: number, content: Uint8Array | ByteStream, { durable, signal }: WriteOptions): Promise<number> {
    const files = this.#files
    try {
      if (!(content instanceof Uint8Array)) {
        return await FileWriter.write(fd, content, { files, budget: this.#budget, durable, signal })
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
