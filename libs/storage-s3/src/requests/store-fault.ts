import { ServerFailure } from '@berth/http-client'
import { StorageError, type StorageErrorCode } from '@berth/storage'

/** As Distribution's driver is called in metrics and messages. */
export const driverName = 's3aws'

/**
 * What an attempt came to that brought no result. `refused`: the store answered that it cannot be so, and will answer
 * the same again. `throttled` and `failed` may end otherwise when tried again. `held`: the store was not asked.
 */
export type Fault = 'refused' | 'throttled' | 'failed' | 'held'

/** This process has so much under way that an attempt found no room in time: nothing is known of the store. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError'
}

const throttlingNames: ReadonlySet<string> = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
])

/** Answers of 4xx that are about the way a request came, rather than about what it asked for. */
const passingNames: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'IncompleteBody',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
  'ConditionalRequestConflict',
  'OperationAborted',
])

export function faultOf(error: unknown): Fault {
  const status = statusOf(error)
  const name = nameOf(error)
  if (error instanceof NoRoomError) return 'held'
  // The settings give no place to ask: they will not another time.
  if (name === 'EndpointError') return 'refused'
  if (status === 429 || throttlingNames.has(name)) return 'throttled'
  if (status === undefined || status < 300 || status >= 500) return status === 501 ? 'refused' : 'failed'
  return passingNames.has(name) ? 'failed' : 'refused'
}

/** The status of the store's answer, or `undefined` where there was none. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  return (error.$metadata as { readonly httpStatusCode?: number } | undefined)?.httpStatusCode
}

export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return statuses.includes(statusOf(error) ?? 0)
}

/** Whether nothing is at the key, as far as bucket and multipart upload are there. */
export function isMissing(error: unknown): boolean {
  return isStatus(error, 404) && !['NoSuchBucket', 'NoSuchUpload'].includes(nameOf(error))
}

/** Whether a condition of a write was not so. A store may say of a condition on what is not there that it is not there. */
export function isConditionFailed(error: unknown): boolean {
  return isStatus(error, 412) || isMissing(error)
}

export function storageError(code: StorageErrorCode, path: string, cause?: unknown): StorageError {
  return new StorageError(code, path, driverName, cause === undefined ? undefined : { cause })
}

/** What is thrown for a store's `error` about `path`; what is no fault of the store's, as a stream's own error, as it is. */
export function translateFault(error: unknown, path: string): unknown {
  if (!(error instanceof StoreError)) return error
  const { cause } = error
  if (isMissing(cause)) return storageError('PATH_NOT_FOUND', path, cause)
  if (isStatus(cause, 416)) return storageError('INVALID_RANGE', path, cause)
  if (isStatus(cause, 507) || nameOf(cause) === 'QuotaExceeded') return storageError('STORAGE_FULL', path, cause)
  return storageError('STORAGE_UNAVAILABLE', path, cause)
}

/** A request that the store did not serve: its `cause` is the client's error, or why it was not asked. */
export class StoreError extends Error {
  override readonly name = 'StoreError'

  constructor(operation: string, cause: unknown) {
    super(`${operation}: ${reasonOf(cause)}`, { cause })
  }
}

/** What there is to say of it: of a server that could not be reached, why. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const deeper = cause instanceof ServerFailure && cause.cause instanceof Error ? `: ${cause.cause.message}` : ''
  return `${cause.name}: ${cause.message}${deeper}`
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}
