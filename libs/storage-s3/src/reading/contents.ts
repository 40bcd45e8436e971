import type { Writable } from 'node:stream'
import { ByteBudget, type ByteRange, type ByteStream } from '@berth/bytes'
import {
  layout,
  type Part,
  parseStoragePath,
  type ReadOptions,
  type SendPiece,
  SendTarget,
  type Stat,
  StorageError,
  type StoragePath,
  type TransferOptions,
} from '@berth/storage'
import type { Directories } from '../objects/directories.ts'
import type { Keys } from '../objects/keys.ts'
import type { Objects } from '../objects/objects.ts'
import { OpenedObject } from './opened-object.ts'
import { cutPieces, groupPieces } from './piece-runs.ts'
import { RememberedObjects } from '../objects/remembered-objects.ts'
import type { Store } from '../requests/store.ts'
import { mostConnections } from '../requests/store-connections.ts'
import { driverName, storageError, translateFault } from '../requests/store-fault.ts'
import { TargetWatch } from './target-watch.ts'
import { TranslatedContent } from './translated-content.ts'

export interface ContentsOptions {
  readonly store: Store
  readonly objects: Objects
  readonly keys: Keys
  readonly directories: Directories
  /** Maximum time that a client's download waits for a connection that other clients' downloads hold, in milliseconds. */
  readonly patienceMs: number
}

/** What is read by its path. What is thrown is a StorageError, or a signal's reason. */
export class Contents {
  readonly #store: Store
  readonly #objects: Objects
  readonly #keys: Keys
  readonly #directories: Directories
  readonly #seen = new RememberedObjects()
  /**
   * Connections to the store that downloads hold, for as long as their clients read: divided among clients as a budget
   * divides bytes. What it reserves is for requests that no client slows down.
   */
  readonly #downloads: ByteBudget

  constructor({ store, objects, keys, directories, patienceMs }: ContentsOptions) {
    this.#store = store
    this.#objects = objects
    this.#keys = keys
    this.#directories = directories
    this.#downloads = new ByteBudget(mostConnections, { patienceMs })
  }

  async stat(path: StoragePath): Promise<Stat> {
    if (parseStoragePath(path, driverName) === '/') return { size: 0, modifiedAtMs: 0, isDirectory: true }
    try {
      const found = await this.#objects.find(this.#keys.of(path))
      if (found !== undefined) return { size: found.size, modifiedAtMs: found.modifiedAtMs, isDirectory: false }
      const first = await this.#directories.firstBelow(path)
      if (first !== undefined) return { size: 0, modifiedAtMs: first.modifiedAtMs, isDirectory: true }
    } catch (error) {
      throw translateFault(error, path)
    }
    throw storageError('PATH_NOT_FOUND', path)
  }

  async read(
    path: StoragePath,
    { range, signal }: ReadOptions,
  ): Promise<{ readonly size: number; readonly content: ByteStream }> {
    const key = this.#keys.of(path)
    signal?.throwIfAborted()
    if (range !== undefined && !isSome(range)) return this.#readNothing(path, range)
    try {
      const opened = await this.#open(path, key, range, signal)
      return { size: opened.size, content: new TranslatedContent(opened.content(), path) }
    } catch (error) {
      throw translateFault(error, path)
    }
  }

  async sendTo(path: StoragePath, range: ByteRange, target: Writable, options: TransferOptions): Promise<void> {
    const key = this.#keys.of(path)
    if (!isSome(range)) return void (await this.#readNothing(path, range))
    const watch = new TargetWatch(target, options.signal)
    const downloads = this.#downloads.share(options.share)
    let taken = 0
    try {
      taken = downloads.tryTake(1) ?? (await downloads.take(1, watch.signal))
      const opened = await this.#open(path, key, range, watch.signal)
      await opened.passTo(target)
      watch.throwIfGone()
    } catch (error) {
      throw translateFault(error, path)
    } finally {
      if (taken > 0) downloads.give(taken)
      watch.release()
    }
  }

  async sendPieces(
    path: StoragePath,
    pieces: readonly SendPiece[],
    target: Writable,
    options: TransferOptions,
  ): Promise<void> {
    const key = this.#keys.of(path)
    const watch = new TargetWatch(target, options.signal)
    const sending = new SendTarget(target, watch.signal)
    const downloads = this.#downloads.share(options.share)
    let taken = 0
    try {
      taken = downloads.tryTake(1) ?? (await downloads.take(1, watch.signal))
      let isFirst = true
      for (const run of groupPieces(pieces)) {
        const opened = await this.#open(path, key, run.range, watch.signal)
        if (isFirst && pieces.some((piece) => !(piece instanceof Uint8Array) && piece.end > opened.size)) {
          const error = storageError('INVALID_RANGE', path)
          opened.close(error)
          throw error
        }
        isFirst = false
        for await (const bytes of cutPieces(run, opened.content())) await sending.write(bytes)
      }
    } catch (error) {
      throw translateFault(error, path)
    } finally {
      if (taken > 0) downloads.give(taken)
      sending.release()
      watch.release()
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
        const cause = new Error('the part is not as long as it was', { cause: error })
        throw storageError('STORAGE_UNAVAILABLE', path, cause)
      }
    }
  }

  /** @throws StorageError the range ends behind the content's end */
  async #open(
    path: StoragePath,
    key: string,
    range: ByteRange | undefined,
    signal: AbortSignal | undefined,
  ): Promise<OpenedObject> {
    const opened = await OpenedObject.open({ store: this.#store, key, signal, seen: this.#seen }, range)
    if (range === undefined || opened.range.end === range.end) return opened
    const error = storageError('INVALID_RANGE', path)
    opened.close(error)
    throw error
  }

  /** No store tells ranges of nothing apart from none. */
  async #readNothing(path: StoragePath, { start, end }: ByteRange): Promise<{ size: number; content: ByteStream }> {
    const { size, isDirectory } = await this.stat(path)
    if (isDirectory) throw storageError('PATH_NOT_FOUND', path)
    if (start < 0 || start > end || end > size) throw storageError('INVALID_RANGE', path)
    return { size, content: nothing() }
  }
}

/** Whether there are bytes to ask for: a store is not asked for none, or for those before the first. */
function isSome({ start, end }: ByteRange): boolean {
  return start >= 0 && start < end
}

async function* nothing(): ByteStream {}
