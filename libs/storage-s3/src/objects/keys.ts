import { parseContentPath, parseStoragePath, type StoragePath } from '@berth/storage'
import { driverName } from '../requests/store-fault.ts'

/** Where paths lie in a bucket: as Distribution has it, below `rootdirectory`, without a slash in front. */
export class Keys {
  readonly #prefix: string

  constructor(rootDirectory: string) {
    const trimmed = rootDirectory.replace(/^\/+|\/+$/g, '')
    this.#prefix = trimmed === '' ? '' : `${trimmed}/`
  }

  /** What all keys begin with; empty, or ends with a slash. */
  get root(): string {
    return this.#prefix
  }

  /** The key of content. @throws StorageError INVALID_PATH */
  of(path: StoragePath): string {
    return this.#prefix + parseContentPath(path, driverName).slice(1)
  }

  /** What all keys below a directory begin with. @throws StorageError INVALID_PATH */
  below(path: StoragePath): string {
    return parseStoragePath(path, driverName) === '/' ? this.#prefix : `${this.of(path)}/`
  }
}
