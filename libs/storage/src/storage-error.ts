/** The drivers' vocabulary. The core room that asked translates it; no client ever sees it. */
export type StorageErrorCode =
  /** Nothing is at the path: no content, or for `append` no area. */
  | 'PATH_NOT_FOUND'
  /** The path is not one, or would leave the root. */
  | 'INVALID_PATH'
  /** A read asks for bytes behind the content's end, or a range that ends before it starts. */
  | 'INVALID_RANGE'
  /** `swap`: somebody else was first. */
  | 'VERSION_MISMATCH'
  /** The store has no room left. */
  | 'STORAGE_FULL'
  /** The store failed, or does not answer. */
  | 'STORAGE_UNAVAILABLE'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  readonly path: string
  readonly driver: string

  constructor(code: StorageErrorCode, path: string, driver: string, options?: ErrorOptions) {
    super(`${driver}: ${code} at ${path}`, options)
    this.code = code
    this.path = path
    this.driver = driver
  }

  /** Whether `error` says that nothing is at the path. */
  static isNotFound(error: unknown): boolean {
    return error instanceof StorageError && error.code === 'PATH_NOT_FOUND'
  }
}
