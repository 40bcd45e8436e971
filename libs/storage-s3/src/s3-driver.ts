import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { type ByteBudget, type ByteRange, type ByteStream, LruCache } from '@berth/bytes'
import {
  type Entry,
  layout,
  type ListOptions,
  parseContentPath,
  parseStoragePath,
  type Part,
  type ReadOptions,
  type RedirectingDriver,
  type Stat,
  type StorageDriver,
  StorageError,
  type StoragePath,
  type Version,
  type Versioned,
  type WriteOptions,
} from '@berth/storage'
import { Areas } from './areas.ts'
import { Gatherer } from './gatherer.ts'
import type { JoinOptions } from './join-objects.ts'
import { Keys } from './keys.ts'
import { listEntries, listObjects } from './list-objects.ts'
import { objectHeaders } from './object-headers.ts'
import { Objects, type PutOptions } from './objects.ts'
import { openClient, openSigner } from './open-client.ts'
import { probeConditions, type TagForm } from './probe-conditions.ts'
import { purgeUnfinished } from './purge-unfinished.ts'
import { openObject } from './read-object.ts'
import { Records } from './records.ts'
import { leastPart, mostParts, type S3Settings } from './s3-settings.ts'
import { Store } from './store.ts'
import { driverName, storageError, translateFault } from './store-fault.ts'
import type { StoreObserver } from './store-observer.ts'
import { writeObject } from './write-object.ts'

/** Parts of an upload that its checkpoint may name: each costs some bytes of every checkpoint. */
const mostUploadParts = 1000
const mostUrls = 10_000
/** A URL is given out again for this part of its lifetime. */
const urlReuse = 20

export interface S3DriverOptions {
  readonly settings: S3Settings
  readonly budget: ByteBudget
  readonly observer?: StoreObserver | undefined
  readonly nowMs?: () => number
  /** Nothing will be written. */
  readonly isReadOnly?: boolean
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
export class S3Driver implements StorageDriver, RedirectingDriver {
  readonly name = driverName
  readonly writesAreCheap = true
  readonly #settings: S3Settings
  readonly #budget: ByteBudget
  readonly #store: Store
  readonly #objects: Objects
  readonly #keys: Keys
  readonly #writing: JoinOptions
  readonly #lasting: PutOptions
  readonly #records: Records
  readonly #areas: Areas
  readonly #signer: S3Client
  /** To sign a URL costs more than all else that a redirect does. */
  readonly #urls = new LruCache<string, { readonly url: string; readonly untilMs: number }>({ maxWeight: mostUrls })
  readonly #nowMs: () => number
  readonly #removals = new Set<Promise<void>>()

  private constructor({ settings, budget, nowMs = Date.now, ...options }: S3DriverOptions, parts: OpenParts) {
    const { checksums, chunkSize } = settings
    const { lasting, passing } = objectHeaders(settings)
    this.#settings = settings
    this.#budget = budget
    this.#nowMs = nowMs
    this.#store = parts.store
    this.#objects = parts.objects
    this.#keys = parts.keys
    this.#signer = openSigner(settings)
    this.#lasting = { headers: lasting, checksums }
    this.#records = new Records(this.#objects, { headers: passing, checksums }, parts.tagForm)
    const { copyThreshold, copyChunkSize, copyConcurrency } = settings
    const copying = { store: this.#store, budget, checksums, copyThreshold, copyChunkSize, copyConcurrency }
    this.#writing = { ...copying, headers: lasting }
    this.#areas = new Areas({
      ...copying,
      headers: passing,
      keys: this.#keys,
      objects: this.#objects,
      chunkSize,
      mostParts: options.mostUploadParts ?? mostUploadParts,
    })
  }

  /**
   * Opens a bucket, once it is seen that it can be written to, and that the store heeds conditions of writes: without
   * them several processes would overwrite each other's records.
   *
   * @throws Error that says what is wrong with the store
   */
  static async open(options: S3DriverOptions): Promise<S3Driver> {
    const { settings, observer, isReadOnly = false } = options
    const { bucket, maxAttempts, timeoutMs, checksums } = settings
    const store = new Store({ client: openClient(settings), bucket, maxAttempts, deadlineMs: timeoutMs, observer })
    const objects = new Objects(store)
    const keys = new Keys(settings.rootDirectory)
    try {
      const { passing } = objectHeaders(settings)
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
    const { signal, size } = options
    signal?.throwIfAborted()
    try {
      if (!(content instanceof Uint8Array)) await this.#putStream(key, content, size, signal)
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

  async read(
    path: StoragePath,
    { range, signal }: ReadOptions = {},
  ): Promise<{ readonly size: number; readonly content: ByteStream }> {
    const key = this.#keys.of(path)
    signal?.throwIfAborted()
    if (range !== undefined && range.start >= range.end) return this.#readNothing(path, range)
    try {
      const opened = await openObject(this.#store, key, range, signal)
      if (range !== undefined && opened.range.end !== range.end) {
        await opened.content[Symbol.asyncIterator]().return?.()
        throw storageError('INVALID_RANGE', path)
      }
      return { size: opened.size, content: translated(opened.content, path) }
    } catch (error) {
      throw translateFault(error, path)
    }
  }

  async stat(path: StoragePath): Promise<Stat> {
    if (parseStoragePath(path, driverName) === '/') return { size: 0, modifiedAtMs: 0, isDirectory: true }
    try {
      const found = await this.#objects.find(this.#keys.of(path))
      if (found !== undefined) return { size: found.size, modifiedAtMs: found.modifiedAtMs, isDirectory: false }
      const first = await this.#firstBelow(path)
      if (first !== undefined) return { size: 0, modifiedAtMs: first.modifiedAtMs, isDirectory: true }
    } catch (error) {
      throw translateFault(error, path)
    }
    throw storageError('PATH_NOT_FOUND', path)
  }

  async *list(path: StoragePath, { after }: ListOptions = {}): AsyncGenerator<Entry> {
    const prefix = this.#keys.below(path)
    let isKnown = path === '/'
    try {
      for await (const entry of listEntries(this.#store, prefix, after)) {
        isKnown = true
        yield entry
      }
      isKnown ||= after !== undefined && (await this.#firstBelow(path)) !== undefined
    } catch (error) {
      throw translateFault(error, path)
    }
    if (!isKnown) throw storageError('PATH_NOT_FOUND', path)
  }

  async delete(path: StoragePath): Promise<void> {
    const key = this.#keys.of(path)
    try {
      const [found, below] = await Promise.all([this.#objects.find(key), this.#removeBelow(path)])
      if (found !== undefined) await this.#objects.remove([key])
      else if (below === 0) throw storageError('PATH_NOT_FOUND', path)
    } catch (error) {
      throw translateFault(error, path)
    }
  }

  async append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    signal?: AbortSignal,
  ): Promise<readonly Part[]> {
    parseContentPath(area, driverName)
    signal?.throwIfAborted()
    try {
      return await this.#areas.append(area, parts, content, signal)
    } catch (error) {
      throw translateFault(error, area)
    }
  }

  async complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void> {
    const key = this.#keys.of(path)
    parseContentPath(area, driverName)
    try {
      await this.#areas.joinInto(this.#writing, area, parts, key)
    } catch (error) {
      throw translateFault(error, path)
    }
  }

  async *readParts(area: StoragePath, parts: readonly Part[]): ByteStream {
    for (const { name, size } of parts) {
      if (size === 0) continue
      const path = layout.below(area, name)
      try {
        const { content } = await this.read(path, { range: { start: 0, end: size } })
        yield* content
      } catch (error) {
        if (!(error instanceof StorageError) || error.code !== 'INVALID_RANGE') throw error
        throw storageError(
          'STORAGE_UNAVAILABLE',
          path,
          new Error('the part is not as long as it was', { cause: error }),
        )
      }
    }
  }

  async discard(area: StoragePath, parts: readonly Part[]): Promise<void> {
    try {
      await this.#areas.remove(area, parts)
    } catch (error) {
      throw translateFault(error, area)
    }
  }

  async abort(area: StoragePath, known?: readonly string[]): Promise<{ readonly removed: Promise<void> }> {
    const prefix = this.#keys.below(parseContentPath(area, driverName))
    try {
      if (known !== undefined) {
        await this.#objects.remove(known.map((name) => this.#keys.of(layout.below(area, name))))
        return { removed: Promise.resolve() }
      }
      return await this.#removeArea(prefix)
    } catch (error) {
      throw translateFault(error, area)
    }
  }

  async redirectUrl(path: StoragePath, lifetimeMs: number): Promise<string> {
    const key = this.#keys.of(path)
    const known = this.#urls.get(`${lifetimeMs} ${key}`)
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.url
    const command = new GetObjectCommand({ Bucket: this.#settings.bucket, Key: key })
    const url = await getSignedUrl(this.#signer, command, { expiresIn: Math.max(1, Math.floor(lifetimeMs / 1000)) })
    this.#urls.set(`${lifetimeMs} ${key}`, { url, untilMs: this.#nowMs() + lifetimeMs / urlReuse })
    return url
  }

  /**
   * Whether the store answers, as far as requests have shown; while none is answered, this sees whether it does again.
   *
   * @throws Error it does not
   */
  async check(): Promise<void> {
    if (this.#store.isCircuitOpen) await this.#objects.find(this.#keys.of(layout.registryRoot))
  }

  /**
   * Aborts multipart uploads that were begun so long ago, Distribution's too, as a process leaves them that was killed.
   *
   * @returns how many were aborted
   */
  async purgeTemporary(olderThanMs: number): Promise<number> {
    return purgeUnfinished(this.#store, this.#keys.root, this.#nowMs() - olderThanMs)
  }

  async close(): Promise<void> {
    await Promise.all(this.#removals)
    this.#store.close()
    this.#signer.destroy()
  }

  async #putStream(key: string, content: ByteStream, size: number | undefined, signal?: AbortSignal): Promise<void> {
    const { chunkSize } = this.#settings
    const gatherer = new Gatherer(content, {
      budget: this.#budget,
      pieceSize: (index) => partSize(chunkSize, index, size, this.#budget.limit),
      // It is one object, whose parts have a least size.
      reserve: Math.min(leastPart, size ?? leastPart),
      signal,
    })
    try {
      await writeObject(this.#writing, key, gatherer, await gatherer.next(() => undefined))
    } finally {
      await gatherer.release()
    }
  }

  /** No store tells ranges of nothing apart from none. */
  async #readNothing(path: StoragePath, { start, end }: ByteRange): Promise<{ size: number; content: ByteStream }> {
    const { size, isDirectory } = await this.stat(path)
    if (isDirectory) throw storageError('PATH_NOT_FOUND', path)
    if (start < 0 || start > end || end > size) throw storageError('INVALID_RANGE', path)
    return { size, content: nothing() }
  }

  /** A directory is what keys have in common. */
  async #firstBelow(path: StoragePath) {
    const page = await listObjects(this.#store, { prefix: this.#keys.below(path), limit: 1 }).next()
    return page.done === true ? undefined : page.value.objects[0]
  }

  async #removeBelow(path: StoragePath): Promise<number> {
    let count = 0
    for await (const { objects } of listObjects(this.#store, { prefix: this.#keys.below(path) })) {
      await this.#objects.remove(objects.map(({ key }) => key))
      count += objects.length
    }
    return count
  }

  /** The first page has the record. */
  async #removeArea(prefix: string): Promise<{ readonly removed: Promise<void> }> {
    const pages = listObjects(this.#store, { prefix })
    const first = await pages.next()
    if (first.done === true) return { removed: Promise.resolve() }
    await this.#objects.remove(first.value.objects.map(({ key }) => key))
    const removed = (async () => {
      for await (const { objects } of pages) await this.#objects.remove(objects.map(({ key }) => key))
    })()
    const settled: Promise<void> = removed.catch(() => {}).finally(() => this.#removals.delete(settled))
    this.#removals.add(settled)
    return { removed }
  }
}

/** So that the longest content has no more parts than there may be, and a part is no more of the budget than several may have. */
function partSize(chunkSize: number, index: number, size: number | undefined, budget: number): number {
  const wanted = size === undefined ? chunkSize * 2 ** Math.floor(index / 1000) : Math.ceil(size / (mostParts - 1))
  return Math.max(chunkSize, Math.min(wanted, Math.floor(budget / 4)))
}

async function* nothing(): ByteStream {}

async function* translated(content: ByteStream, path: StoragePath): ByteStream {
  try {
    yield* content
  } catch (error) {
    throw translateFault(error, path)
  }
}

/** Where nothing is there to write to, the store is not as it must be. */
function writeFault(error: unknown, path: StoragePath): unknown {
  const fault = translateFault(error, path)
  if (!StorageError.isNotFound(fault)) return fault
  return storageError('STORAGE_UNAVAILABLE', path, (fault as StorageError).cause)
}
