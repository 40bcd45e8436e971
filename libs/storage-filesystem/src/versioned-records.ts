import { dirname } from 'node:path'
import type { Version, Versioned } from '@berth/storage'
import type { Directories } from './directories.ts'
import { failedWith, type FileSystem } from './file-system.ts'
import { readIfThere } from './read-if-there.ts'
import {
  contentPath,
  firstVersionOf,
  isFirst,
  isOf,
  isVersion,
  laterVersionOf,
  markerPath,
  versionAmong,
} from './record-versions.ts'
import type { TemporaryFiles } from './temporary-files.ts'

/** So often a reader may be overtaken. */
const looks = 64
/** So often a marker may be missed, one time after the other, before there is none. */
const misses = 8

/**
 * Small records that change by compare and swap, without locks. A record is two files in a directory:
 *
 *     <directory>/at.<version>         which version the record is at; in the first one, what it says
 *     <directory>/<record>.<version>   what it says in every later one
 *
 * To make one is to rename a directory that has its marker to where no other has one: of several callers one succeeds.
 * To swap is to write new content beside the old, then rename the marker: of several renames of one name one succeeds.
 * Only a first version is read from the marker itself, which keeps those bytes under its later names. A version ends with the checksum of its content, so one
 * that is not wholly written, or that a power failure has torn, is not taken for a record.
 */
export class VersionedRecords {
  readonly #files: FileSystem
  readonly #directories: Directories
  readonly #temporary: TemporaryFiles

  constructor(files: FileSystem, directories: Directories, temporary: TemporaryFiles) {
    this.#files = files
    this.#directories = directories
    this.#temporary = temporary
  }

  /** @returns the version, or `undefined` if something is in the record's directory already */
  async make(record: string, content: Uint8Array, durable: boolean): Promise<Version | undefined> {
    const directory = dirname(record)
    const version = firstVersionOf(content)
    const made = await this.#temporary.directory()
    try {
      await this.#temporary.writeTo(markerPath(made, version), content, { durable })
      await this.#directories.place(made, directory)
    } catch (error) {
      await this.#temporary.removeDirectory(made)
      if (failedWith(error, 'ENOTEMPTY', 'EEXIST')) return undefined
      throw error
    }
    if (durable) await this.#settleMade(directory, markerPath(directory, version))
    return version
  }

  /** A record that is not durable must not stay: whoever made it is told that it failed. */
  async #settleMade(directory: string, marker: string): Promise<void> {
    try {
      await this.#directories.settle(directory)
    } catch (error) {
      this.#directories.forget(directory)
      await this.#temporary.removeFile(marker)
      await this.#files.rmdir(directory).catch(() => {})
      throw error
    }
  }

  /** @returns the version, or `undefined` if the record is not of version `from` any more */
  async swap(record: string, from: Version, content: Uint8Array, durable: boolean): Promise<Version | undefined> {
    if (!isVersion(from)) return undefined
    const directory = dirname(record)
    const version = laterVersionOf(content)
    const path = contentPath(record, version)
    try {
      await this.#temporary.writeTo(path, content, { durable })
      if (!(await this.#moveMarker(directory, from, version))) {
        await this.#temporary.removeFile(path)
        return undefined
      }
      if (durable) await this.#directories.settle(directory)
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return undefined
      throw error
    }
    if (!isFirst(from)) await this.#temporary.removeFile(contentPath(record, from))
    return version
  }

  /** @returns `undefined` where no record is, or what was written without being durable is torn */
  async read(record: string): Promise<Versioned | undefined> {
    const directory = dirname(record)
    let seen: Version | undefined
    let missed = 0
    for (let look = 0; look < looks; look += 1) {
      const names = await this.#namesIn(directory)
      if (names.length === 0) return undefined
      const version = versionAmong(names)
      // A file that is renamed while a long directory is read may be found by neither of its names.
      if (version === undefined) {
        missed += 1
        if (missed === misses) return undefined
        continue
      }
      missed = 0
      if (version === seen) return undefined
      const path = isFirst(version) ? markerPath(directory, version) : contentPath(record, version)
      const content = await readIfThere(this.#files, path)
      if (content !== undefined) return isOf(version, content) ? { version, content } : undefined
      // Somebody swapped it in between, or else its content is lost.
      seen = version
    }
    throw new Error(`the record ${record} changes faster than it can be read`)
  }

  async #moveMarker(directory: string, from: Version, to: Version): Promise<boolean> {
    try {
      await this.#files.rename(markerPath(directory, from), markerPath(directory, to))
      return true
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
    }
    // A network file system may have repeated the call after an answer that was lost.
    return versionAmong(await this.#namesIn(directory)) === to
  }

  async #namesIn(directory: string): Promise<readonly string[]> {
    try {
      return await this.#files.readdir(directory)
    } catch (error) {
      if (failedWith(error, 'ENOENT', 'ENOTDIR')) return []
      throw error
    }
  }
}
