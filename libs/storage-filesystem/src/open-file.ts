import { constants, type Stats } from 'node:fs'
import type { ByteRange } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { failedWith, type FileSystem } from './file-system.ts'
import { readFault, storageError } from './storage-fault.ts'

/** One whole version of some content: what replaces it meanwhile is another file. */
export class OpenFile {
  readonly #files: FileSystem
  readonly #file: string
  readonly #path: StoragePath
  #fd: number
  #size: number | undefined

  private constructor(files: FileSystem, file: string, path: StoragePath, fd: number) {
    this.#files = files
    this.#file = file
    this.#path = path
    this.#fd = fd
  }

  /** @throws StorageError PATH_NOT_FOUND */
  static async open(files: FileSystem, file: string, path: StoragePath): Promise<OpenFile> {
    try {
      return new OpenFile(files, file, path, await files.open(file, constants.O_RDONLY))
    } catch (error) {
      throw readFault(error, path)
    }
  }

  /** Its size; asked of what is open, since a network file system may not know better of a path. */
  async size(): Promise<number> {
    if (this.#size !== undefined) return this.#size
    try {
      const stats = await this.#files.fstat(this.#fd)
      if (stats.isDirectory()) throw storageError('PATH_NOT_FOUND', this.#path)
      this.#size = stats.size
      return stats.size
    } catch (error) {
      throw readFault(error, this.#path)
    }
  }

  /** What a local file system, which has it at hand for what is open, says of it, if it can. */
  statNow(): Stats | undefined {
    return this.#files.fstatNow(this.#fd)
  }

  /** @throws StorageError INVALID_RANGE, PATH_NOT_FOUND for a directory */
  async check(range: ByteRange): Promise<void> {
    if (range.start < 0 || range.start > range.end || range.end > (await this.size())) {
      throw storageError('INVALID_RANGE', this.#path)
    }
  }

  /** @returns how many bytes there are, at most `length`; fewer only at the end */
  async read(buffer: Uint8Array, length: number, position: number): Promise<number> {
    try {
      return await this.#files.read(this.#fd, buffer, length, position)
    } catch (error) {
      if (!failedWith(error, 'ESTALE')) throw readFault(error, this.#path)
    }
    await this.#reopen()
    return this.read(buffer, length, position)
  }

  /** @throws StorageError STORAGE_UNAVAILABLE: the file has become shorter, which none of ours ever does */
  async readFully(buffer: Uint8Array, length: number, position: number): Promise<void> {
    for (let done = 0; done < length;) {
      const some = done === 0 ? buffer : buffer.subarray(done)
      const count = await this.read(some, length - done, position + done)
      if (count === 0) throw storageError('STORAGE_UNAVAILABLE', this.#path, new Error('content ends too soon'))
      done += count
    }
  }

  close(): void {
    this.#files.closeSoon(this.#fd)
  }

  /** A server of files that was restarted has forgotten what was open. Content under its name is the same, or another. */
  async #reopen(): Promise<void> {
    const again = await OpenFile.open(this.#files, this.#file, this.#path)
    this.#files.closeSoon(this.#fd)
    this.#fd = again.#fd
    if (this.#size === undefined || (await again.size()) === this.#size) return
    throw storageError('STORAGE_UNAVAILABLE', this.#path, new Error('content was replaced while it was read'))
  }
}
