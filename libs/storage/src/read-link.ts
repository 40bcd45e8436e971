import { collect } from '@berth/bytes'
import type { Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { parseLink } from './layout.ts'
import { StorageError } from './storage-error.ts'
import type { StorageDriver } from './storage-driver.ts'
import type { StoragePath } from './storage-path.ts'

/** More than any digest has. */
const maxLinkSize = 1024

/**
 * The digest that a link holds, or `undefined` where there is no link. One that is damaged counts as none: what it
 * meant is pushed again, and that heals it.
 *
 * @throws StorageError STORAGE_UNAVAILABLE
 */
export async function findLink(storage: StorageDriver, path: StoragePath): Promise<Digest | undefined> {
  try {
    const { content } = await storage.read(path)
    return parseLink(await collect(content, maxLinkSize))
  } catch (error) {
    if (StorageError.isNotFound(error) || error instanceof RegistryError) return undefined
    throw error
  }
}
