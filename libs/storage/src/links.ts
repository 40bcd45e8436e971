import { collect } from '@berth/bytes'
import type { Digest } from '@berth/digest'
import { formatLink, parseLink } from './layout.ts'
import type { CheapWritesDriver } from './contract/abilities.ts'
import type { ContentStore } from './contract/content-store.ts'
import { StorageError } from './storage-error.ts'
import type { StoragePath } from './storage-path.ts'

/** More than any digest has. */
const maxLinkSize = 1024

/** A link whose content is no digest, as a crash may leave it. */
export class DamagedLink extends Error {
  override readonly name = 'DamagedLink'

  constructor(path: StoragePath, options: ErrorOptions) {
    super(`the link at ${path} is damaged`, options)
  }
}

/**
 * The digest that a link holds, or `undefined` where there is no link.
 *
 * @throws DamagedLink an outage for whoever asks what the link means: that is not known, and not the same as nothing
 * @throws StorageError STORAGE_UNAVAILABLE
 */
export async function findWholeLink(storage: ContentStore, path: StoragePath): Promise<Digest | undefined> {
  let content: Uint8Array
  try {
    const link = await storage.read(path)
    if (link.size > maxLinkSize) {
      await link.content[Symbol.asyncIterator]().return?.()
      throw new DamagedLink(path, { cause: new Error(`it has ${link.size} bytes`) })
    }
    content = await collect(link.content, maxLinkSize)
  } catch (error) {
    if (StorageError.isNotFound(error)) return undefined
    throw error
  }
  try {
    return parseLink(content)
  } catch (cause) {
    throw new DamagedLink(path, { cause })
  }
}

/**
 * As `findWholeLink`, but a damaged link counts as none: what it meant is pushed again, and that heals it.
 *
 * @throws StorageError STORAGE_UNAVAILABLE
 */
export async function findLink(storage: ContentStore, path: StoragePath): Promise<Digest | undefined> {
  try {
    return await findWholeLink(storage, path)
  } catch (error) {
    if (error instanceof DamagedLink) return undefined
    throw error
  }
}

/** Makes the link say `digest`; where writing is dear, nothing is written if it does already. */
export async function putLink(
  storage: ContentStore & Partial<CheapWritesDriver>,
  path: StoragePath,
  digest: Digest,
): Promise<void> {
  if (storage.writesAreCheap !== true && (await findLink(storage, path)) === digest) return
  await storage.put(path, formatLink(digest))
}
