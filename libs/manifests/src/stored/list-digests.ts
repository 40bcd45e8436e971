import type { Digest } from '@berth/digest'
import { unlessInvalid } from '@berth/errors'
import { layout, type ContentStore, StorageError, type StoragePath } from '@berth/storage'

/**
 * The digests whose directories `<algorithm>/<encoded>` are below `root`, in no order; none if there is no such directory.
 *
 * @param last digests up to this one are not needed; some of them may be given all the same
 */
export async function* listDigests(storage: ContentStore, root: StoragePath, last?: string): AsyncGenerator<Digest> {
  const [lastAlgorithm = '', lastEncoded = ''] = last?.split(':') ?? []
  for await (const algorithm of namesIn(storage, root)) {
    if (algorithm < lastAlgorithm) continue
    const after = algorithm === lastAlgorithm ? lastEncoded : ''
    for await (const encoded of namesIn(storage, layout.below(root, algorithm), after)) {
      const digest = unlessInvalid(layout.parseLinkComponents, [algorithm, encoded])
      if (digest !== undefined) yield digest
    }
  }
}

async function* namesIn(storage: ContentStore, path: StoragePath, after = ''): AsyncGenerator<string> {
  try {
    const options = after === '' ? {} : { after }
    for await (const { name, isDirectory } of storage.list(path, options)) if (isDirectory) yield name
  } catch (error) {
    if (!StorageError.isNotFound(error)) throw error
  }
}
