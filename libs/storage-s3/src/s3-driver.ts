import type { Writable } from 'node:stream'
import type { ByteBudget, ByteRange, ByteStream } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import {
  type AppendOptions,
  type Entry,
  layout,
  type ListOptions,
  parseContentPath,
  type Part,
  type ReadOptions,
  type RedirectingDriver,
  type SendingDriver,
  type SendPiece,
  type Stat,
  type StorageDriver,
  StorageError,
  type StoragePath,
  type TransferOptions,
  type Version,
  type Versioned,
  type WriteOptions,
} from '@berth/storage'
import { UploadParts } from './writing/upload-parts.ts'
import { Contents } from './reading/contents.ts'
import { DirectClient } from './requests/direct-client.ts'
import { Directories } from './objects/directories.ts'
import { Gatherer } from './gathering/gatherer.ts'
import type { JoinOptions } from './writing/join-objects.ts'
import { Keys } from './objects/keys.ts'
import { listObjects } from './objects/list-objects.ts'
import { objectHeaders } from './objects/object-headers.ts'
import { Objects, type PutOptions } from './objects/objects.ts'
import { openClient } from './requests/open-client.ts'
import { mostInParts, pieceSizes } from './gathering/piece-size.ts'
import { probeConditions, type TagForm } from './objects/probe-conditions.ts'
import { purgeUnfinished } from './objects/purge-unfinished.ts'
import { Records } from './objects/records.ts'
import type { S3Settings } from './s3-settings.ts'
import { SharedBuffers } from './gathering/shared-buffers.ts'
import { SignedUrls } from './objects/signed-urls.ts'
import { Store } from './requests/store.ts'
import { driverName, storageError, translateFault } from './requests/store-fault.ts'
import type { StoreObserver } from './requests/store-observer.ts'
import { writeWhole, type WriteWholeOptions } from './writing/write-whole.ts'

/** Parts of an upload that its checkpoint may name: each costs some bytes of every checkpoint. */
const mostUploadParts = 1000
const mostQuietMs = 10_000
const silent: Pick<Logger, 'warn'> = { warn() {} }

export interface S3DriverOptions {
  readonly settings: S3Settings
  readonly budget: ByteBudget
  readonly observer?: StoreObserver | undefined
  readonly log?: Pick<Logger, 'warn'>
  readonly nowMs?: () => number
  /** Nothing will be written. */
  readonly isReadOnly?: boolean
  /** After so long without an answer of the store, a check asks for one. */
  readonly mostQuietMs?: number
  /** Parts that an upload may have before the oldest are joined. */
  readonly mostUploadParts?: number
}

interface OpenParts {
  readonly store: Store
  readonly objects: Objects
  readonly keys: Keys
  readonly tagForm: TagForm
}

/**
 * Keeps content in objects of a bucket, each under the key that Distribution's driver has for its path. Nothing is kept
 * in the process: any number of them may work on one bucket.
 */
export class S3Driver implements StorageDriver, SendingDriver, RedirectingDriver {
  readonly name = driverName
  readonly writesAreCheap = true
  readonly #settings: S3Settings
  readonly #buffers: SharedBuffers
  readonly #store: Store
  readonly #objects: Objects
  readonly #keys: Keys
  readonly #writing: JoinOptions
  readonly #passing: WriteWholeOptions['passing']
  readonly #lasting: PutOptions
  readonly #records: Records
  readonly #uploadParts: UploadParts
  readonly #directories: Directories
  readonly #contents: Contents
  readonly #urls: SignedUrls
  readonly #nowMs: () => number
  readonly #mostQuietMs: number

  private constructor(
    { settings, budget, nowMs = Date.now, log = silent, ...options }: S3DriverOptions,
    parts: OpenParts,
  ) {
    const { checksums, chunkSize } = settings
    const { lasting, passing } = objectHeaders(settings)
    this.#settings = settings
    this.#buffers = new SharedBuffers({ budget })
    this.#nowMs = nowMs
    this.#mostQuietMs = options.mostQuietMs ?? mostQuietMs
    this.#store = parts.store
    this.#objects = parts.objects
    this.#keys = parts.keys
    this.#urls = new SignedUrls(settings, nowMs, log)
    this.#directories = new Directories(parts)
    this.#contents = new Contents({ ...parts, directories: this.#directories, patienceMs: budget.patienceMs })
    this.#lasting = { headers: lasting, checksums }
    this.#records = new Records(this.#objects, { headers: passing, checksums }, parts.tagForm)
    const { copyThreshold, copyChunkSize, copyConcurrency } = settings
    const copying = {
      store: this.#store,
      buffers: this.#buffers,
      checksums,
      copyThreshold,
      copyChunkSize,
      copyConcurrency,
    }
    this.#writing = { ...copying, headers: lasting }
    this.#passing = { ...copying, headers: passing, directory: this.#keys.below(layout.temporaryRoot) }
    this.#uploadParts = new UploadParts({
      ...copying,
      headers: passing,
      keys: this.#keys,
      objects: this.#objects,
      chunkSize,
      mostParts: options.mostUploadParts ?? mostUploadParts,
    })
  }

  /**
   * Opens a bucket, once it is seen that it can be read or written to, and that the store heeds conditions of writes:
   * without them several processes would overwrite each other's records.
   *
   * @throws Error that says what is wrong with the store
   */
  static async open(options: S3DriverOptions): Promise<S3Driver> {
    const { settings, observer, log = silent, isReadOnly = false } = options
    const { bucket, maxAttempts, timeoutMs, checksums } = settings
    const client = openClient(settings, log)
    const direct = new DirectClient(client, settings)
    const store = new Store({ client, direct, bucket, maxAttempts, deadlineMs: timeoutMs, observer })
    const objects = new Objects(store)
    const keys = new Keys(settings.rootDirectory)
    try {
      const { passing } = objectHeaders(settings)
      // A bucket that is not there, or may not be read, is to be found out now.
      if (isReadOnly) await listObjects(store, { prefix: keys.below(layout.registryRoot), limit: 1 }).next()
      const tagForm = isReadOnly
        ? 'quoted'
        : await probeConditions(objects, keys.below(layout.temporaryRoot), { headers: passing, checksums })
      if (tagForm === undefined) throw new Error('the store does not heed If-Match and If-None-Match of writes')
      return new S3Driver(options, { store, objects, keys, tagForm })
    } catch (error) {
      store.close()
      throw error
    }
  }

  async put(path: StoragePath, content: Uint8Array | ByteStream, options: WriteOptions = {}): Promise<void> {
    const key = this.#keys.of(path)
    const { signal, size, share } = options
    signal?.throwIfAborted()
    try {
      if (!(content instanceof Uint8Array)) await this.#putStream(path, content, size, { share, signal })
      else await this.#objects.put(key, { chunks: [content], size: content.byteLength }, this.#lasting)
    } catch (error) {
      throw writeFault(error, path)
    }
  }

  async create(path: StoragePath, content: Uint8Array): Promise<boolean> {
    const key = this.#keys.of(path)
    try {
      return (await this.#objects.putIf(key, content, { IfNoneMatch: '*' }, this.#lasting)) !== undefined
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
    const key = this.#keys.of(path)
    options.signal?.throwIfAborted()
    let version: Version | undefined
    try {
      version = await this.#records.swap(key, from, content)
    } catch (error) {
      throw writeFault(error, path)
    }
    if (version === undefined) throw storageError('VERSION_MISMATCH', path)
    return version
  }

  async readVersioned(path: StoragePath): Promise<Versioned> {
    const key = this.#keys.of(path)
    let versioned: Versioned | undefined
    try {
      versioned = await this.#records.find(key)
    } catch (error) {
      throw translateFault(error, path)
    }
    if (versioned === undefined) throw storageError('PATH_NOT_FOUND', path)
    return versioned
  }

  read(path: StoragePath, options: ReadOptions = {}): Promise<{ readonly size: number; readonly content: ByteStream }> {
    return this.#contents.read(path, options)
  }

  sendTo(path: StoragePath, range: ByteRange, target: Writable, signal?: AbortSignal, share?: string): Promise<void> {
    return this.#contents.sendTo(path, range, target, { signal, share })
  }

  sendPieces(
    path: StoragePath,
    pieces: readonly SendPiece[],
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void> {
    return this.#contents.sendPieces(path, pieces, target, { signal, share })
  }

  stat(path: StoragePath): Promise<Stat> {
    return this.#contents.stat(path)
  }

  list(path: StoragePath, { after }: ListOptions = {}): AsyncGenerator<Entry> {
    return this.#directories.list(path, after)
  }

  async delete(path: StoragePath): Promise<void> {
    const key = this.#keys.of(path)
    try {
      const [found, below] = await Promise.all([this.#objects.find(key), this.#directories.removeBelow(path)])
      if (found !== undefined) await this.#objects.remove([{ key, seen: found }])
      else if (below === 0) throw storageError('PATH_NOT_FOUND', path)
    } catch (error) {
      throw translateFault(error, path)
    }
  }

  async append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    options: AppendOptions = {},
  ): Promise<readonly Part[]> {
    parseContentPath(area, driverName)
    options.signal?.throwIfAborted()
    try {
      return await this.#uploadParts.append(area, parts, content, options)
    } catch (error) {
      throw translateFault(error, area)
    }
  }

  async complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void> {
    const key = this.#keys.of(path)
    parseContentPath(area, driverName)
    try {
      await this.#uploadParts.joinInto(this.#writingAt(path), area, parts, key)
    } catch (error) {
      throw translateFault(error, path)
    }
  }

  readParts(area: StoragePath, parts: readonly Part[]): ByteStream {
    return this.#contents.readParts(area, parts)
  }

  async discard(area: StoragePath, parts: readonly Part[]): Promise<void> {
    try {
      await this.#uploadParts.remove(area, namesOf(parts))
    } catch (error) {
      throw translateFault(error, area)
    }
  }

  async abort(area: StoragePath, known?: readonly string[]): Promise<{ readonly removed: Promise<void> }> {
    parseContentPath(area, driverName)
    try {
      if (known !== undefined) {
        await this.#uploadParts.remove(area, known)
        return { removed: Promise.resolve() }
      }
      return await this.#directories.removeArea(area)
    } catch (error) {
      throw translateFault(error, area)
    }
  }

  async redirectUrl(path: StoragePath, lifetimeMs: number): Promise<string> {
    return this.#urls.of(this.#keys.of(path), lifetimeMs)
  }

  /**
   * Whether the store answers, as far as requests have shown; this asks where none was answered for a while.
   *
   * @throws Error it does not
   */
  async check(): Promise<void> {
    const isKnown = !this.#store.isCircuitOpen && this.#store.quietMs < this.#mostQuietMs
    if (!isKnown) await this.#objects.find(this.#keys.of(layout.registryRoot))
  }

  /**
   * Removes what a process that was killed leaves: temporary objects, and multipart uploads, Distribution's too, that
   * were begun so long ago. Whoever else uses the bucket keeps theirs.
   *
   * @returns how many were removed
   */
  async purgeTemporary(olderThanMs: number): Promise<number> {
    const beforeMs = this.#nowMs() - olderThanMs
    let count = await this.#directories.removeOld(layout.temporaryRoot, beforeMs)
    for (const root of [layout.registryRoot, layout.berthRoot])
      count += await purgeUnfinished(this.#store, this.#keys.below(root), beforeMs)
    return count
  }

  async close(): Promise<void> {
    await this.#directories.settle()
    this.#store.close()
    this.#urls.close()
  }

  #writingAt(path: StoragePath): JoinOptions {
    return { ...this.#writing, isNamedByContent: path.startsWith(`${layout.blobsRoot}/`) }
  }

  async #putStream(
    path: StoragePath,
    content: ByteStream,
    size: number | undefined,
    options: TransferOptions,
  ): Promise<void> {
    const { chunkSize } = this.#settings
    const buffers = this.#buffers
    if (size !== undefined && size > mostInParts(chunkSize, buffers.limit))
      return this.#putLongest(path, content, options)
    const gatherer = new Gatherer(content, {
      buffers,
      pieceSize: pieceSizes(chunkSize, size, buffers.limit),
      ...options,
    })
    try {
      await writeWhole({ ...this.#writingAt(path), passing: this.#passing }, this.#keys.of(path), gatherer)
    } finally {
      await gatherer.release()
    }
  }

  /** What one object's parts cannot hold as they are sent: it is written to several, and copied within the store. */
  async #putLongest(path: StoragePath, content: ByteStream, options: TransferOptions): Promise<void> {
    const area = layout.temporaryRoot
    const parts = await this.#uploadParts.append(area, [], content, options)
    try {
      await this.#uploadParts.joinInto(this.#writingAt(path), area, parts, this.#keys.of(path))
    } finally {
      await this.#uploadParts.remove(area, namesOf(parts)).catch(() => {})
    }
  }
}

function namesOf(parts: readonly Part[]): readonly string[] {
  return parts.map(({ name }) => name)
}

/** Where nothing is there to write to, the store is not as it must be. */
function writeFault(error: unknown, path: StoragePath): unknown {
  const fault = translateFault(error, path)
  if (!StorageError.isNotFound(fault)) return fault
  return storageError('STORAGE_UNAVAILABLE', path, (fault as StorageError).cause)
}
