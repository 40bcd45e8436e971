import { collect } from '@berth/bytes'
import type { Digest } from '@berth/digest'
import { findLink, layout, type StorageDriver, StorageError, type StoragePath } from '@berth/storage'

const maxLinkSize = 1024

/** A link whose content is no digest, as a crash may leave it. An outage: what it meant is not what is not there. */
export class DamagedLink extends Error {
  override readonly name = 'DamagedLink'

  constructor(path: StoragePath, options: ErrorOptions) {
    super(`the link at ${path} is damaged`, options)
  }
}

/** As `findLink` of storage, which takes a damaged link for none. @throws DamagedLink */
export async function findWholeLink(storage: StorageDriver, path: StoragePath): Promise<Digest | undefined> {
  let content: Uint8Array
  try {
    const link = await storage.read(path)
    if (link.size > maxLinkSize) throw new DamagedLink(path, { cause: new Error(`it has ${link.size} bytes`) })
    content = await collect(link.content, maxLinkSize)
  } catch (error) {
    if (StorageError.isNotFound(error)) return undefined
    throw error
  }
  try {
    return layout.parseLink(content)
  } catch (cause) {
    throw new DamagedLink(path, { cause })
  }
}

/** Makes the link say `digest`; writes nothing where it does already. */
export async function putLink(storage: StorageDriver, path: StoragePath, digest: Digest): Promise<void> {
  if ((await findLink(storage, path)) === digest) return
  await storage.put(path, layout.formatLink(digest))
}
