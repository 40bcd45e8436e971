import { StorageError, type StorageErrorCode } from '@berth/storage'
import { FileSystemError } from './file-system.ts'

export const driverName = 'filesystem'

const codes: Readonly<Record<string, StorageErrorCode>> = {
  ENOENT: 'PATH_NOT_FOUND',
  ENOTDIR: 'PATH_NOT_FOUND',
  EISDIR: 'PATH_NOT_FOUND',
  ENAMETOOLONG: 'INVALID_PATH',
  ENOSPC: 'STORAGE_FULL',
  EDQUOT: 'STORAGE_FULL',
  EFBIG: 'STORAGE_FULL',
}

/** A file where a write needs a directory, or the other way round: nothing can be stored at such a path. */
const codesOfWrites: Readonly<Record<string, StorageErrorCode>> = {
  ...codes,
  ENOENT: 'STORAGE_UNAVAILABLE',
  ENOTDIR: 'INVALID_PATH',
  EISDIR: 'INVALID_PATH',
  ENOTEMPTY: 'INVALID_PATH',
  EEXIST: 'INVALID_PATH',
}

export function storageError(code: StorageErrorCode, path: string, cause?: unknown): StorageError {
  return new StorageError(code, path, driverName, cause === undefined ? undefined : { cause })
}

/** What is thrown for `error`: a failed call by its meaning; all else, as a stream's own error, as it is. */
export function readFault(error: unknown, path: string): unknown {
  return faultBy(codes, error, path)
}

/** As `readFault`, for what makes a name. */
export function writeFault(error: unknown, path: string): unknown {
  return faultBy(codesOfWrites, error, path)
}

function faultBy(table: Readonly<Record<string, StorageErrorCode>>, error: unknown, path: string): unknown {
  if (!(error instanceof FileSystemError)) return error
  return storageError(table[error.code] ?? 'STORAGE_UNAVAILABLE', path, error.cause)
}
