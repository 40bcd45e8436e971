import { constants, type Stats } from 'node:fs'
import type { Writable } from 'node:stream'
import type { ByteBudget, ByteRange, ByteStream } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import {
  type AppendOptions,
  type DirectoryKeepingDriver,
  type Entry,
  layout,
  type ListingComparingDriver,
  parseContentPath,
  parseStoragePath,
  type Part,
  type ReadOptions,
  type SendingDriver,
  type SendPiece,
  type Stat,
  type StorageDriver,
  StorageError,
  type StoragePath,
  type Version,
  type Versioned,
  type WriteOptions,
} from '@berth/storage'
import { adaptTo } from './adapted-file-system.ts'
import { Areas } from './areas.ts'
import { BufferPool } from './buffer-pool.ts'
import { type CheckedTree, inspectTree, prepareTree } from './check-tree.ts'
import { Directories } from './directories.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { withoutRecords } from './hidden-records.ts'
import { listDirectory } from './list-directory.ts'
import { PlacedFiles } from './placed-files.ts'
import { readFile } from './read-file.ts'
import { isSettled, SeenFiles } from './seen-files.ts'
import { sendFile } from './send-file.ts'
import { sendPieces } from './send-pieces.ts'
import { driverName, readFault, storageError, writeFault } from './storage-fault.ts'
import { TemporaryFiles } from './temporary-files.ts'
import { VersionedRecords } from './versioned-records.ts'

const maxIdleBufferBytes = 8 * 1024 * 1024

export interface FilesystemDriverOptions {
  /** Made if it is not there, unless nothing may be written. */
  readonly rootDirectory: string
  /** Whether nothing may be written: then nothing is needed but to read what is there. */
  readonly isReadOnly?: boolean
  readonly budget: ByteBudget
  readonly log: Logger
  /** Whether what is known of a path may be old, as on network file systems. Default: told by the file system's type. */
  readonly mayBeStale?: boolean
  readonly files?: FileSystem
  /** The calls by which it is found out what the file system can do. Default: the operating system's. */
  readonly probed?: FileSystem
  readonly nowMs?: () => number
}

/**
 * Keeps content in files below a root directory, each at its own path, as Distribution does. Content is written aside,
 * synced, and renamed into place; nothing that readers may have open is ever written to.
 */
export class FilesystemDriver implements StorageDriver, SendingDriver, DirectoryKeepingDriver, ListingComparingDriver {
  readonly name = driverName
  readonly #root: string
  readonly #files: FileSystem
  readonly #budget: ByteBudget
  readonly #buffers: BufferPool
  readonly #directories: Directories
  readonly #temporary: TemporaryFiles
  readonly #placed: PlacedFiles
  readonly #areas: Areas
  readonly #records: VersionedRecords
  readonly #mayBeStale: boolean
  readonly #seen: SeenFiles | undefined
  readonly #nowMs: () => number

  private constructor(tree: CheckedTree, files: FileSystem, options: FilesystemDriverOptions) {
    const { budget, log, nowMs = Date.now } = options
    const { root, isLocal, abilities, hasTemporaryDirectory } = tree
    this.#root = root
    this.#files = files
    this.#budget = budget
    this.#nowMs = nowMs
    this.#mayBeStale = options.mayBeStale ?? !isLocal
    this.#seen = this.#mayBeStale ? undefined : new SeenFiles(nowMs)
    this.#buffers = new BufferPool(budget, maxIdleBufferBytes)
    this.#directories = new Directories(files, root, abilities.syncsDirectories)
    const temporary = `${root}${layout.temporaryRoot}`
    this.#temporary = new TemporaryFiles(files, temporary, budget, log, hasTemporaryDirectory)
    this.#placed = new PlacedFiles(files, this.#directories, this.#temporary, abilities.hardLinks)
    this.#areas = new Areas(this.#directories, this.#temporary)
    this.#records = new VersionedRecords(files, this.#directories, this.#temporary)
  }

  /** @throws Error the tree cannot be used as it is to be, or its file system lacks what Berth needs */
  static async open(options: FilesystemDriverOptions): Promise<FilesystemDriver> {
    const { rootDirectory, isReadOnly = false, files = nodeFileSystem, probed = nodeFileSystem, log } = options
    if (isReadOnly) {
      const tree = await inspectTree(rootDirectory, log)
      return new FilesystemDriver(tree, tree.hasReadableRecords ? files : withoutRecords(files, tree.root), options)
    }
    const tree = await prepareTree(rootDirectory, probed, log)
    return new FilesystemDriver(tree, adaptTo(tree.abilities, files), options)
  }

  async put(path: StoragePath, content: Uint8Array | ByteStream, options: WriteOptions = {}): Promise<void> {
    const { durable = true, signal, share } = options
    try {
      await this.#placed.put(this.#locate(path), content, { durable, signal, share })
    } catch (error) {
      throw writeFault(error, path)
    }
  }

  async create(path: StoragePath, content: Uint8Array): Promise<boolean> {
    try {
      return await this.#placed.create(this.#locate(path), content)
    } catch (error) {
      throw writeFault(error, path)
    }
  }

  async swap(
    path: StoragePath,
    from: Version | undefined,
    content: Uint8Array,
    options: WriteOptions = {},
  ): Promise<Version> {
    const record = this.#locate(path)
    const { durable = true, signal } = options
    signal?.throwIfAborted()
    let version: Version | undefined
    try {
      version =
        from === undefined
          ? await this.#records.make(record, content, durable)
          : await this.#records.swap(record, from, content, durable)
    } catch (error) {
      throw writeFault(error, path)
    }
    if (version === undefined) throw storageError('VERSION_MISMATCH', path)
    return version
  }

  async readVersioned(path: StoragePath): Promise<Versioned> {
    const record = this.#locate(path)
    let versioned: Versioned | undefined
    try {
      versioned = await this.#records.read(record)
    } catch (error) {
      throw readFault(error, path)
    }
    if (versioned === undefined) throw storageError('PATH_NOT_FOUND', path)
    return versioned
  }

  async read(
    path: StoragePath,
    options: ReadOptions = {},
  ): Promise<{ readonly size: number; readonly content: ByteStream }> {
    const reading = {
      files: this.#files,
      budget: this.#budget,
      buffers: this.#buffers.share(undefined),
      seen: this.#seen,
    }
    return readFile(reading, this.#locate(path), path, options)
  }

  async sendTo(
    path: StoragePath,
    range: ByteRange,
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void> {
    const sending = { files: this.#files, buffers: this.#buffers.share(share) }
    await sendFile(sending, this.#locate(path), path, range, target, signal)
  }

  async sendPieces(
    path: StoragePath,
    pieces: readonly SendPiece[],
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void> {
    const sending = { files: this.#files, buffers: this.#buffers.share(share) }
    await sendPieces(sending, this.#locate(path), path, pieces, target, signal)
  }

  async stat(path: StoragePath): Promise<Stat> {
    const file = this.#root + parseStoragePath(path, driverName)
    try {
      const stats = await this.#statFile(file)
      const isDirectory = stats.isDirectory()
      return { size: isDirectory ? 0 : stats.size, modifiedAtMs: stats.mtimeMs, isDirectory }
    } catch (error) {
      throw readFault(error, path)
    }
  }

  list(path: StoragePath): AsyncIterable<Entry> {
    return listDirectory(this.#files, this.#root, path)
  }

  async listingVersion(path: StoragePath): Promise<string | undefined> {
    if (this.#mayBeStale) return undefined
    try {
      const stats = await this.#files.stat(this.#root + parseStoragePath(path, driverName))
      if (!stats.isDirectory()) throw storageError('PATH_NOT_FOUND', path)
      return isSettled(stats, this.#nowMs()) ? `${stats.ino}-${stats.ctimeMs}` : undefined
    } catch (error) {
      throw readFault(error, path)
    }
  }

  async delete(path: StoragePath): Promise<void> {
    try {
      await this.#placed.remove(this.#locate(path))
    } catch (error) {
      throw readFault(error, path)
    }
  }

  async append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    options: AppendOptions = {},
  ): Promise<readonly Part[]> {
    try {
      return [...parts, await this.#areas.append(this.#locate(area), content, options)]
    } catch (error) {
      throw readFault(error, area)
    }
  }

  async complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void> {
    const [only, ...others] = parts
    if (only === undefined || others.length > 0) return this.put(path, this.readParts(area, parts))
    try {
      await this.#placed.move(this.#locatePart(area, only), this.#locate(path))
    } catch (error) {
      throw readFault(error, path)
    }
  }

  async *readParts(area: StoragePath, parts: readonly Part[]): ByteStream {
    for (const { name, size } of parts) {
      const { content } = await this.#readPart(layout.below(area, name), size)
      yield* content
    }
  }

  async discard(area: StoragePath, parts: readonly Part[]): Promise<void> {
    const files = parts.map((part) => this.#locatePart(area, part))
    await Promise.all(files.map((file) => this.#temporary.removeFile(file)))
  }

  async abort(area: StoragePath): Promise<{ readonly removed: Promise<void> }> {
    try {
      return await this.#areas.abort(this.#locate(area))
    } catch (error) {
      throw readFault(error, area)
    }
  }

  async makeDirectory(path: StoragePath): Promise<void> {
    const directory = this.#locate(path)
    try {
      await this.#directories.make(directory)
      await this.#directories.settleItself(directory)
    } catch (error) {
      throw writeFault(error, path)
    }
  }

  /**
   * Removes unfinished writes and removed directories that nobody has touched for so long, as a process leaves them
   * that was killed.
   *
   * @returns how many were removed
   */
  async purgeTemporary(olderThanMs: number): Promise<number> {
    return this.#temporary.purge(this.#nowMs() - olderThanMs)
  }

  /** As {@link purgeTemporary}, of all that there is: only for who has the tree alone, and has not written yet. */
  async purgeLeftovers(): Promise<{ readonly removed: Promise<number> }> {
    return this.#temporary.purgeLeftovers()
  }

  async close(): Promise<void> {
    await this.#temporary.close()
  }

  /** A network file system may tell of a path what was so some time ago, and of what it opens what is so. */
  async #statFile(file: string): Promise<Stats> {
    if (!this.#mayBeStale) return this.#files.stat(file)
    const fd = await this.#files.open(file, constants.O_RDONLY)
    try {
      return await this.#files.fstat(fd)
    } finally {
      this.#files.closeSoon(fd)
    }
  }

  #locate(path: string): string {
    return this.#root + parseContentPath(path, driverName)
  }

  #locatePart(area: StoragePath, { name }: Part): string {
    return this.#locate(layout.below(area, name))
  }

  async #readPart(path: StoragePath, size: number) {
    try {
      return await this.read(path, { range: { start: 0, end: size } })
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'INVALID_RANGE') throw error
      throw storageError('STORAGE_UNAVAILABLE', path, new Error('the part is not as long as it was', { cause: error }))
    }
  }
}
