import type { ByteStream } from '@berth/bytes'
import type {
  DirectoryKeepingDriver,
  Entry,
  Part,
  ReadOptions,
  SendingDriver,
  Stat,
  StorageDriver,
  Version,
  Versioned,
  WriteOptions,
} from './storage-driver.ts'
import { StorageError } from './storage-error.ts'
import type { StoragePath } from './storage-path.ts'

/** What drivers do, by the names that Distribution's metrics have. */
export type StorageAction = 'GetContent' | 'PutContent' | 'Stat' | 'List' | 'Move' | 'Delete' | 'Reader' | 'Writer'

/** `refused`: the store answered that it cannot be so, as that nothing is there. `failed`: it did not do its part. */
export type StorageOutcome = 'done' | 'refused' | 'failed'

export interface StorageObserver {
  /** Told of each action at its end. Must not throw. */
  (action: StorageAction, seconds: number, outcome: StorageOutcome): void
}

/** A driver whose every action is told to an observer. It has the optional abilities that the wrapped one has. */
export class ObservedDriver implements StorageDriver, Partial<SendingDriver>, Partial<DirectoryKeepingDriver> {
  readonly #driver: StorageDriver
  readonly #observe: StorageObserver
  declare readonly sendTo?: SendingDriver['sendTo']
  declare readonly makeDirectory?: DirectoryKeepingDriver['makeDirectory']

  private constructor(
    driver: StorageDriver & Partial<SendingDriver> & Partial<DirectoryKeepingDriver>,
    observe: StorageObserver,
  ) {
    this.#driver = driver
    this.#observe = observe
    const { sendTo, makeDirectory } = driver
    if (sendTo !== undefined) {
      this.sendTo = (...sent) => this.#timed('Reader', sendTo.apply(driver, sent))
    }
    if (makeDirectory !== undefined) {
      this.makeDirectory = (path) => this.#timed('PutContent', makeDirectory.call(driver, path))
    }
  }

  /** @returns the driver, observed, with the abilities that it has */
  static observe<D extends StorageDriver>(
    driver: D,
    observer: StorageObserver,
  ): StorageDriver & Pick<D, keyof D & keyof (SendingDriver & DirectoryKeepingDriver)> {
    return new ObservedDriver(driver, observer) as StorageDriver as StorageDriver &
      Pick<D, keyof D & keyof (SendingDriver & DirectoryKeepingDriver)>
  }

  get name(): string {
    return this.#driver.name
  }

  put(path: StoragePath, content: Uint8Array | ByteStream, options?: WriteOptions): Promise<void> {
    const action = content instanceof Uint8Array ? 'PutContent' : 'Writer'
    return this.#timed(action, this.#driver.put(path, content, options))
  }

  create(path: StoragePath, content: Uint8Array): Promise<boolean> {
    return this.#timed('PutContent', this.#driver.create(path, content))
  }

  swap(path: StoragePath, from: Version | undefined, content: Uint8Array, options?: WriteOptions): Promise<Version> {
    return this.#timed('PutContent', this.#driver.swap(path, from, content, options))
  }

  readVersioned(path: StoragePath): Promise<Versioned> {
    return this.#timed('GetContent', this.#driver.readVersioned(path))
  }

  /** Told once the content is open. */
  read(path: StoragePath, options?: ReadOptions): Promise<{ readonly size: number; readonly content: ByteStream }> {
    return this.#timed('Reader', this.#driver.read(path, options))
  }

  stat(path: StoragePath): Promise<Stat> {
    return this.#timed('Stat', this.#driver.stat(path))
  }

  /** Told once the first entry is there: how fast the others are asked for is the caller's affair. */
  list(path: StoragePath): AsyncIterable<Entry> {
    return this.#timedAtFirst('List', this.#driver.list(path))
  }

  delete(path: StoragePath): Promise<void> {
    return this.#timed('Delete', this.#driver.delete(path))
  }

  append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    signal?: AbortSignal,
  ): Promise<readonly Part[]> {
    return this.#timed('Writer', this.#driver.append(area, parts, content, signal))
  }

  complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void> {
    return this.#timed('Move', this.#driver.complete(area, parts, path))
  }

  /** Told once the first bytes are there. */
  readParts(area: StoragePath, parts: readonly Part[]): ByteStream {
    return this.#timedAtFirst('Reader', this.#driver.readParts(area, parts))
  }

  discard(area: StoragePath, parts: readonly Part[]): Promise<void> {
    return this.#timed('Delete', this.#driver.discard(area, parts))
  }

  abort(area: StoragePath): Promise<{ readonly removed: Promise<void> }> {
    return this.#timed('Delete', this.#driver.abort(area))
  }

  close(): Promise<void> {
    return this.#driver.close()
  }

  #timed<T>(action: StorageAction, call: Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const tell = (outcome: StorageOutcome): void =>
      this.#observe(action, (performance.now() - startedMs) / 1000, outcome)
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

  #timedAtFirst<T>(action: StorageAction, source: AsyncIterable<T>): AsyncIterable<T> {
    return {
      [Symbol.asyncIterator]: () => {
        const inner = source[Symbol.asyncIterator]()
        let isFirst = true
        return {
          next: () => {
            if (!isFirst) return inner.next()
            isFirst = false
            return this.#timed(action, inner.next())
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
