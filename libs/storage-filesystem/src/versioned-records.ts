import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { constants } from 'node:fs'
import type { Version, Versioned } from '@berth/storage'
import type { Directories } from './directories.ts'
import { failedWith, type FileSystem } from './file-system.ts'
import type { TemporaryFiles } from './temporary-files.ts'

const markerPrefix = 'at.'
const versionForm = /^[0-9a-f]+-[0-9a-f]{8}$/
const looks = 8

/**
 * Small records that change by compare and swap, without locks. A record is a directory:
 *
 *     <record>/at.<version>        empty; which version the record is at
 *     <record>/content.<version>   what it says
 *
 * To swap is to write new content beside the old, then rename the marker: of several renames of one name one succeeds.
 * A record is made elsewhere, whole, and renamed into place, which succeeds only where none is. A version ends with the
 * checksum of its content, so one that a power failure has torn is not taken for a record.
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

  /** @returns the version, or `undefined` if a record is there */
  async make(record: string, content: Uint8Array, durable: boolean): Promise<Version | undefined> {
    const version = versionOf(content)
    const beside = this.#temporary.newPath()
    await this.#files.mkdir(beside)
    try {
      await Promise.all([
        this.#temporary.writeTo(contentPath(beside, version), content, { durable }),
        this.#temporary.writeTo(markerPath(beside, version), new Uint8Array(), { durable: false }),
      ])
      await this.#directories.with(dirname(record), () => this.#files.rename(beside, record))
    } catch (error) {
      await this.#temporary.removeTree(beside)
      if (failedWith(error, 'ENOTEMPTY', 'EEXIST')) return undefined
      throw error
    }
    if (durable) await this.#directories.settle(record)
    else this.#directories.noteMade(record)
    return version
  }

  /** @returns the version, or `undefined` if the record is not of version `from` any more */
  async swap(record: string, from: Version, content: Uint8Array, durable: boolean): Promise<Version | undefined> {
    if (!versionForm.test(from)) return undefined
    const version = versionOf(content)
    const path = contentPath(record, version)
    try {
      await this.#temporary.writeTo(path, content, { durable })
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return undefined
      throw error
    }
    if (!(await this.#moveMarker(record, from, version))) {
      await this.#temporary.removeFile(path)
      return undefined
    }
    if (durable) await this.#directories.settle(record)
    await this.#temporary.removeFile(contentPath(record, from))
    return version
  }

  /** @returns `undefined` where no record is, or what was written without being durable is torn */
  async read(record: string): Promise<Versioned | undefined> {
    let seen: Version | undefined
    for (let look = 0; look < looks; look += 1) {
      const version = await this.#findVersion(record)
      if (version === undefined || version === seen) return undefined
      const content = await this.#readContent(contentPath(record, version))
      if (content !== undefined) return checksumOf(content) === version.slice(-8) ? { version, content } : undefined
      // Somebody swapped it in between, or else its content is lost.
      seen = version
    }
    throw new Error(`the record ${record} changes faster than it can be read`)
  }

  async #moveMarker(record: string, from: Version, to: Version): Promise<boolean> {
    try {
      await this.#files.rename(markerPath(record, from), markerPath(record, to))
      return true
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
    }
    // A network file system may have repeated the call after an answer that was lost.
    return (await this.#findVersion(record)) === to
  }

  async #findVersion(record: string): Promise<Version | undefined> {
    let names: readonly string[]
    try {
      names = await this.#files.readdir(record)
    } catch (error) {
      if (failedWith(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
    return names.find((name) => name.startsWith(markerPrefix))?.slice(markerPrefix.length)
  }

  async #readContent(path: string): Promise<Uint8Array | undefined> {
    let fd: number
    try {
      fd = await this.#files.open(path, constants.O_RDONLY)
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return undefined
      throw error
    }
    try {
      const { size } = await this.#files.fstat(fd)
      const buffer = Buffer.allocUnsafe(size)
      const length = await this.#files.read(fd, buffer, size, 0)
      return buffer.subarray(0, length)
    } finally {
      this.#files.closeSoon(fd)
    }
  }
}

function versionOf(content: Uint8Array): Version {
  return `${randomBytes(12).toString('hex')}-${checksumOf(content)}`
}

function checksumOf(content: Uint8Array): string {
  return crc32(content).toString(16).padStart(8, '0')
}

function markerPath(record: string, version: Version): string {
  return `${record}/${markerPrefix}${version}`
}

function contentPath(record: string, version: Version): string {
  return `${record}/content.${version}`
}
