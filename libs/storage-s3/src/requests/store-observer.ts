/** The requests that the driver makes, by the names that S3 has for them. */
export type StoreOperation =
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'CopyObject'
  | 'DeleteObjects'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'

/** `done` and `refused` are answers; `throttled` and `failed` may be tried again; `held` found no connection free. */
export type StoreOutcome = 'done' | 'refused' | 'throttled' | 'failed' | 'held'

/** Is told what the driver asks of the store. Must not throw. */
export interface StoreObserver {
  /** A request has its answer, or none; for content that is read, the head of it. */
  requested(operation: StoreOperation, outcome: StoreOutcome, seconds: number): void
  /** It is about to be made again. */
  retried(operation: StoreOperation): void
  /** Bytes of content went to the store (`PutObject`, `UploadPart`), or came from it (`GetObject`). */
  transferred(operation: StoreOperation, bytes: number): void
  /** The store copied bytes by itself. */
  copied(bytes: number): void
  /** Whether requests are held back, because none was answered for a while. */
  circuitChanged(isOpen: boolean): void
}

const ignore = (): void => {}

export const noObserver: StoreObserver = {
  requested: ignore,
  retried: ignore,
  transferred: ignore,
  copied: ignore,
  circuitChanged: ignore,
}
