import { StorageError } from './storage-error.ts'

/** A path in storage: `/` and components of letters, digits, dots, dashes and underscores; never `.` or `..`. */
export type StoragePath = string & { readonly __brand: 'StoragePath' }

const form = /^(?:\/[A-Za-z0-9._-]+)+$/
const dots = /\/\.\.?(?:\/|$)/

/** @throws StorageError INVALID_PATH */
export function parseStoragePath(text: string, driver = 'storage'): StoragePath {
  if (text !== '/' && (!form.test(text) || dots.test(text))) throw new StorageError('INVALID_PATH', text, driver)
  return text as StoragePath
}

/** A path at which content, or a directory of it, can be: any but `/`. @throws StorageError INVALID_PATH */
export function parseContentPath(text: string, driver = 'storage'): StoragePath {
  if (text === '/') throw new StorageError('INVALID_PATH', text, driver)
  return parseStoragePath(text, driver)
}
