import { RegistryError } from '@berth/errors'
import { StorageError } from './storage-error.ts'

/**
 * What a core room throws on where a driver threw: a store that is full or does not answer is an outage that the client
 * is told about, and what else an error of storage means is the caller's to say. Anything else stays what it is.
 *
 * @param whenNotFound what it means that nothing is at the path
 * @example catch (error) { throw translateStorageError(error, (cause) => new RegistryError('BLOB_UNKNOWN', { digest }, { cause })) }
 */
export function translateStorageError(error: unknown, whenNotFound?: (cause: StorageError) => RegistryError): unknown {
  if (!(error instanceof StorageError)) return error
  switch (error.code) {
    case 'PATH_NOT_FOUND':
      return whenNotFound?.(error) ?? error
    case 'STORAGE_FULL':
      return new RegistryError('UNAVAILABLE', { reason: 'storage is full' }, { cause: error })
    case 'STORAGE_UNAVAILABLE':
      return new RegistryError('UNAVAILABLE', { reason: 'storage is unavailable' }, { cause: error })
    case 'INVALID_PATH':
    case 'INVALID_RANGE':
    case 'VERSION_MISMATCH':
      return error
  }
}
