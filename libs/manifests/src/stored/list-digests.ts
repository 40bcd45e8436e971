import type { Digest } from '@berth/digest'
import { unlessInvalid } from '@berth/errors'
import { layout, type StorageDriver, StorageError, type StoragePath } from '@berth/storage'

/** The digests whose directories `<algorithm>/<encoded>` are below `root`, in no order; none where it is not there. */
export async function* listDigests(storage: StorageDriver, root: StoragePath): AsyncGenerator<Digest> {
  for await (const algorithm of namesIn(storage, root))
    for await (const encoded of namesIn(storage, layout.below(root, algorithm))) {
      const digest = unlessInvalid(layout.parseLinkComponents, [algorithm, encoded])
      if (digest !== undefined) yield digest
    }
}

async function* namesIn(storage: StorageDriver, path: StoragePath): AsyncGenerator<string> {
  try {
    for await (const { name, isDirectory } of storage.list(path)) if (isDirectory) yield name
  } catch (error) {
    if (!StorageError.isNotFound(error)) throw error
  }
}
