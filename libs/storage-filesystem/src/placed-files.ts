import { constants } from 'node:fs'
import { dirname } from 'node:path'
import type { ByteStream } from '@berth/bytes'
import { isFull, isUnsupportedLink } from './abilities.ts'
import type { Directories } from './directories.ts'
import { failedWith, type FileSystem } from './file-system.ts'
import { privateFile } from './private-files.ts'
import { removeDirectory } from './remove-tree.ts'
import type { TemporaryFiles, WriteOptions } from './temporary-files.ts'

const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY

/** Files at their places: they come there finished, and all at once. */
export class PlacedFiles {
  readonly #files: FileSystem
  readonly #directories: Directories
  readonly #temporary: TemporaryFiles

  #hasHardLinks: boolean

  constructor(files: FileSystem, directories: Directories, temporary: TemporaryFiles, hasHardLinks = true) {
    this.#files = files
    this.#directories = directories
    this.#temporary = temporary
    this.#hasHardLinks = hasHardLinks
  }

  /** Writes content, in place of what is there. */
  async put(target: string, content: Uint8Array | ByteStream, options: WriteOptions): Promise<void> {
    const isPrivate = this.#directories.isPrivate(target)
    const temporary = await this.#temporary.write(content, isPrivate ? { ...options, mode: privateFile } : options)
    try {
      await this.#rename(temporary, target)
    } catch (error) {
      await this.#temporary.removeFile(temporary)
      throw error
    }
    if (options.durable) await this.#directories.settle(dirname(target))
  }

  /**
   * Writes content where nothing is. Without hard links an empty file takes the name first: a crash at that moment
   * leaves it, and it counts as being there.
   *
   * @returns whether nothing was
   */
  async create(target: string, content: Uint8Array): Promise<boolean> {
    if (await this.#isThere(target)) return false
    const mode = this.#directories.isPrivate(target) ? privateFile : undefined
    const temporary = await this.#temporary.write(content, { durable: true, ...(mode !== undefined && { mode }) })
    try {
      if (!(await this.#giveName(temporary, target, mode))) return false
    } finally {
      await this.#temporary.removeFile(temporary)
    }
    await this.#directories.settle(dirname(target))
    return true
  }

  /** @returns whether the name was free */
  async #giveName(file: string, name: string, mode: number | undefined): Promise<boolean> {
    if (this.#hasHardLinks) {
      try {
        return await this.#link(file, name)
      } catch (error) {
        // Found out at the start, unless the disk was full then.
        if (!isUnsupportedLink(error)) throw error
        this.#hasHardLinks = false
      }
    }
    return this.#reserve(file, name, mode)
  }

  async #link(file: string, name: string): Promise<boolean> {
    try {
      await this.#directories.with(dirname(name), () => this.#files.link(file, name))
      return true
    } catch (error) {
      // A network file system may have repeated the call after an answer that was lost: then there are two names.
      if (!failedWith(error, 'EEXIST')) throw error
      return (await this.#files.stat(file)).nlink >= 2
    }
  }

  async #reserve(file: string, name: string, mode: number | undefined): Promise<boolean> {
    try {
      const fd = await this.#directories.with(dirname(name), () => this.#files.open(name, newFile, mode))
      await this.#files.close(fd)
    } catch (error) {
      if (failedWith(error, 'EEXIST')) return false
      throw error
    }
    try {
      await this.#files.rename(file, name)
      return true
    } catch (error) {
      await this.#temporary.removeFile(name)
      throw error
    }
  }

  /** Moves a file that is durable where it is, in place of what is there. */
  async move(file: string, target: string): Promise<void> {
    await this.#rename(file, target)
    await this.#directories.settle(dirname(target))
  }

  /**
   * Removes a file, or a directory with all in it. It is gone at once, whatever the time it takes, unless the disk is too
   * full to move it away first.
   */
  async remove(target: string): Promise<void> {
    try {
      await this.#files.unlink(target)
    } catch (error) {
      // EPERM is what POSIX says of a directory, EISDIR what Linux does.
      if (!failedWith(error, 'EISDIR', 'EPERM')) throw error
      await this.#takeAway(target)
      this.#directories.forget(target)
    }
    await this.#directories.settle(dirname(target))
  }

  async #takeAway(directory: string): Promise<void> {
    try {
      await this.#temporary.takeAway(directory)
    } catch (error) {
      if (!isFull(error)) throw error
      await removeDirectory(this.#files, directory)
    }
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
