import type { ByteStream } from '@berth/bytes'
import type {
  CheapWritesDriver,
  DirectoryKeepingDriver,
  ListingComparingDriver,
  RedirectingDriver,
  SendingDriver,
} from './contract/abilities.ts'
import type { Entry, ListOptions, ReadOptions, Stat, WriteOptions } from './contract/content-store.ts'
import type { AppendOptions, Part } from './contract/part-store.ts'
import type { Version, Versioned } from './contract/record-store.ts'
import type { StorageDriver } from './contract/storage-driver.ts'
import { StorageError } from './storage-error.ts'
import type { StoragePath } from './storage-path.ts'

/** What drivers do, by the names that Distribution's metrics have. */
export type StorageAction =
  'GetContent' | 'PutContent' | 'Stat' | 'List' | 'Move' | 'Delete' | 'URLFor' | 'Reader' | 'Writer'

/** `refused`: the store answered that it cannot be so, as that nothing is there. `failed`: it did not do its part. */
export type StorageOutcome = 'done' | 'refused' | 'failed'

export interface StorageObserver {
  /**
   * Told of each action at its end, in the course of whatever asked for it. Must not throw.
   *
   * @param path what it was about; where it was several, what they became
   */
  (action: StorageAction, seconds: number, outcome: StorageOutcome, path: StoragePath): void
}

/** What some drivers can do, and others not. */
type Abilities = SendingDriver & DirectoryKeepingDriver & RedirectingDriver & ListingComparingDriver & CheapWritesDriver

/** A driver whose every action is told to an observer. It has the optional abilities that the wrapped one has. */
export class ObservedDriver implements StorageDriver, Partial<Abilities> {
  readonly #driver: StorageDriver
  readonly #observe: StorageObserver
  declare readonly sendTo?: SendingDriver['sendTo']
  declare readonly sendPieces?: SendingDriver['sendPieces']
  declare readonly makeDirectory?: DirectoryKeepingDriver['makeDirectory']
  declare readonly redirectUrl?: RedirectingDriver['redirectUrl']
  declare readonly listingVersion?: ListingComparingDriver['listingVersion']
  declare readonly writesAreCheap?: true

  private constructor(driver: StorageDriver & Partial<Abilities>, observe: StorageObserver) {
    this.#driver = driver
    this.#observe = observe
    const { sendTo, sendPieces, makeDirectory, redirectUrl, listingVersion, writesAreCheap } = driver
    if (sendTo !== undefined) {
      this.sendTo = (...sent) => this.#timed('Reader', sent[0], sendTo.apply(driver, sent))
    }
    if (sendPieces !== undefined) {
      this.sendPieces = (...sent) => this.#timed('Reader', sent[0], sendPieces.apply(driver, sent))
    }
    if (makeDirectory !== undefined) {
      this.makeDirectory = (path) => this.#timed('PutContent', path, makeDirectory.call(driver, path))
    }
    if (redirectUrl !== undefined) {
      this.redirectUrl = (...asked) => this.#timed('URLFor', asked[0], redirectUrl.apply(driver, asked))
    }
    if (listingVersion !== undefined) {
      this.listingVersion = (path) => this.#timed('Stat', path, listingVersion.call(driver, path))
    }
    if (writesAreCheap !== undefined) this.writesAreCheap = writesAreCheap
  }

  /** @returns the driver, observed, with the abilities that it has */
  static observe<D extends StorageDriver>(
    driver: D,
    observer: StorageObserver,
  ): StorageDriver & Pick<D, keyof D & keyof Abilities> {
    return new ObservedDriver(driver, observer) as StorageDriver as StorageDriver & Pick<D, keyof D & keyof Abilities>
  }

  get name(): string {
    return this.#driver.name
  }

  put(path: StoragePath, content: Uint8Array | ByteStream, options?: WriteOptions): Promise<void> {
    const action = content instanceof Uint8Array ? 'PutContent' : 'Writer'
    return this.#timed(action, path, this.#driver.put(path, content, options))
  }

  create(path: StoragePath, content: Uint8Array): Promise<boolean> {
    return this.#timed('PutContent', path, this.#driver.create(path, content))
  }

  swap(path: StoragePath, from: Version | undefined, content: Uint8Array, options?: WriteOptions): Promise<Version> {
    return this.#timed('PutContent', path, this.#driver.swap(path, from, content, options))
  }

  readVersioned(path: StoragePath): Promise<Versioned> {
    return this.#timed('GetContent', path, this.#driver.readVersioned(path))
  }

  /** Told once the content is open. */
  read(path: StoragePath, options?: ReadOptions): Promise<{ readonly size: number; readonly content: ByteStream }> {
    return this.#timed('Reader', path, this.#driver.read(path, options))
  }

  stat(path: StoragePath): Promise<Stat> {
    return this.#timed('Stat', path, this.#driver.stat(path))
  }

  /** Told once the first entry is there: how fast the others are asked for is the caller's affair. */
  list(path: StoragePath, options?: ListOptions): AsyncIterable<Entry> {
    return this.#timedAtFirst('List', path, this.#driver.list(path, options))
  }

  delete(path: StoragePath): Promise<void> {
    return this.#timed('Delete', path, this.#driver.delete(path))
  }

  append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    options?: AppendOptions,
  ): Promise<readonly Part[]> {
    return this.#timed('Writer', area, this.#driver.append(area, parts, content, options))
  }

  complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void> {
    return this.#timed('Move', path, this.#driver.complete(area, parts, path))
  }

  /** Told once the first bytes are there. */
  readParts(area: StoragePath, parts: readonly Part[]): ByteStream {
    return this.#timedAtFirst('Reader', area, this.#driver.readParts(area, parts))
  }

  discard(area: StoragePath, parts: readonly Part[]): Promise<void> {
    return this.#timed('Delete', area, this.#driver.discard(area, parts))
  }

  abort(area: StoragePath, contents?: readonly string[]): Promise<{ readonly removed: Promise<void> }> {
    return this.#timed('Delete', area, this.#driver.abort(area, contents))
  }

  close(): Promise<void> {
    return this.#driver.close()
  }

  #timed<T>(action: StorageAction, path: StoragePath, call: Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const tell = (outcome: StorageOutcome): void =>
      this.#observe(action, (performance.now() - startedMs) / 1000, outcome, path)
    return call.then(
      (value) => {
        tell('done')
        return value
      },
      (error: unknown) => {
        tell(outcomeOf(error))
        throw error
      },
    )
  }

  #timedAtFirst<T>(action: StorageAction, path: StoragePath, source: AsyncIterable<T>): AsyncIterable<T> {
    return {
      [Symbol.asyncIterator]: () => {
        const inner = source[Symbol.asyncIterator]()
        let isFirst = true
        return {
          next: () => {
            if (!isFirst) return inner.next()
            isFirst = false
            return this.#timed(action, path, inner.next())
          },
          return: async () => (await inner.return?.()) ?? { done: true, value: undefined },
        }
      },
    }
  }
}

function outcomeOf(error: unknown): StorageOutcome {
  if (!(error instanceof StorageError)) return 'failed'
  return error.code === 'STORAGE_FULL' || error.code === 'STORAGE_UNAVAILABLE' ? 'failed' : 'refused'
}
