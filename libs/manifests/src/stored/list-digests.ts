import { algorithms, type Digest, parseDigest } from '@berth/digest'
import { layout, type StorageDriver, StorageError, type StoragePath } from '@berth/storage'

/** The digests whose directories `<algorithm>/<encoded>` are below `root`, in no order; none where it is not there. */
export async function* listDigests(storage: StorageDriver, root: StoragePath): AsyncGenerator<Digest> {
  for (const algorithm of algorithms) {
    try {
      for await (const { name } of storage.list(layout.below(root, algorithm))) {
        const digest = findDigest(`${algorithm}:${name}`)
        if (digest !== undefined) yield digest
      }
    } catch (error) {
      if (!StorageError.isNotFound(error)) throw error
    }
  }
}

function findDigest(text: string): Digest | undefined {
  try {
    return parseDigest(text)
  } catch {
    return undefined
  }
}
