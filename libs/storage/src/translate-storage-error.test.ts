import { RegistryError } from '@berth/errors'
import { describe, expect, it } from 'vitest'
import { StorageError, type StorageErrorCode } from './storage-error.ts'
import { translateStorageError } from './translate-storage-error.ts'

const failed = (code: StorageErrorCode): StorageError => new StorageError(code, '/a', 'inmemory')

describe('translateStorageError', () => {
  it.each(['STORAGE_FULL', 'STORAGE_UNAVAILABLE'] as const)('makes %s an outage, and keeps the cause', (code) => {
    const cause = failed(code)
    expect(translateStorageError(cause)).toMatchObject({ code: 'UNAVAILABLE', cause })
  })

  it('leaves it to the caller what a missing path means', () => {
    const cause = failed('PATH_NOT_FOUND')
    const unknown = new RegistryError('BLOB_UPLOAD_UNKNOWN', { upload: 'u' })
    expect(translateStorageError(cause, () => unknown)).toBe(unknown)
    expect(translateStorageError(cause)).toBe(cause)
  })

  it.each([new Error('a bug'), failed('VERSION_MISMATCH'), failed('INVALID_RANGE'), undefined])(
    'leaves %s as it is',
    (error) => {
      expect(translateStorageError(error, () => new RegistryError('UNKNOWN', undefined))).toBe(error)
    },
  )
})
