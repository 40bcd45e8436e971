import { dirname } from 'node:path'
import type { ByteStream } from '@berth/bytes'
import type { Directories } from './directories.ts'
import { failedWith, type FileSystem } from './file-system.ts'
import type { TemporaryFiles, WriteOptions } from './temporary-files.ts'

/** Files at their places: they come there finished, and all at once. */
export class PlacedFiles {
  readonly #files: FileSystem
  readonly #directories: Directories
  readonly #temporary: TemporaryFiles

  constructor(files: FileSystem, directories: Directories, temporary: TemporaryFiles) {
    this.#files = files
    this.#directories = directories
    this.#temporary = temporary
  }

  /** Writes content, in place of what is there. */
  async put(target: string, content: Uint8Array | ByteStream, options: WriteOptions): Promise<void> {
    const temporary = await this.#temporary.write(content, options)
    try {
      await this.#rename(temporary, target)
    } catch (error) {
      await this.#temporary.removeFile(temporary)
      throw error
    }
    if (options.durable) await this.#directories.settle(dirname(target))
  }

  /** Writes content where nothing is. @returns whether nothing was */
  async create(target: string, content: Uint8Array): Promise<boolean> {
    if (await this.#isThere(target)) return false
    const temporary = await this.#temporary.write(content, { durable: true })
    try {
      await this.#directories.with(dirname(target), () => this.#files.link(temporary, target))
    } catch (error) {
      // A network file system may have repeated the call after an answer that was lost: then there are two names.
      if (!failedWith(error, 'EEXIST')) throw error
      if ((await this.#files.stat(temporary)).nlink < 2) return false
    } finally {
      await this.#temporary.removeFile(temporary)
    }
    await this.#directories.settle(dirname(target))
    return true
  }

  /** Moves a file that is durable where it is, in place of what is there. */
  async move(file: string, target: string): Promise<void> {
    await this.#rename(file, target)
    await this.#directories.settle(dirname(target))
  }

  /** Removes a file, or a directory with all in it: it is gone at once, whatever the time it takes. */
  async remove(target: string): Promise<void> {
    try {
      await this.#files.unlink(target)
    } catch (error) {
      // EPERM is what POSIX says of a directory, EISDIR what Linux does.
      if (!failedWith(error, 'EISDIR', 'EPERM')) throw error
      await this.#temporary.takeAway(target)
      this.#directories.forget(target)
    }
    await this.#directories.settle(dirname(target))
  }

  #rename(file: string, target: string): Promise<void> {
    return this.#directories.with(dirname(target), () => this.#files.rename(file, target))
  }

  async #isThere(target: string): Promise<boolean> {
    try {
      await this.#files.stat(target)
      return true
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return false
      throw error
    }
  }
}
