import type { Stat } from './contract/content-store.ts'
import type { ContentStore } from './contract/content-store.ts'
import { StorageError } from './storage-error.ts'
import type { StoragePath } from './storage-path.ts'

/** What is at a path, content or directory, or `undefined` where nothing is. @throws StorageError STORAGE_UNAVAILABLE */
export async function findStat(storage: Pick<ContentStore, 'stat'>, path: StoragePath): Promise<Stat | undefined> {
  try {
    return await storage.stat(path)
  } catch (error) {
    if (StorageError.isNotFound(error)) return undefined
    throw error
  }
}
