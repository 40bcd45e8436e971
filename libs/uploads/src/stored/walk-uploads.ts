import { unlessInvalid } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import { layout, type ContentStore, StorageError, type StoragePath } from '@berth/storage'
import { isUploadId } from './stored-upload.ts'

export interface UploadPlace {
  readonly repository: RepositoryName
  readonly id: string
}

export interface WalkOptions {
  /** Is told of each directory that could not be read; the walk goes on beside it. */
  readonly onFailure: (path: StoragePath, error: unknown) => void
  readonly signal: AbortSignal | undefined
}

/** All uploads of all repositories, Distribution's too: they lie side by side. */
export async function* walkUploads(
  storage: ContentStore,
  options: WalkOptions,
  directory: StoragePath = layout.repositoriesRoot,
): AsyncGenerator<UploadPlace, void, undefined> {
  try {
    for await (const { name, isDirectory } of storage.list(directory)) {
      options.signal?.throwIfAborted()
      if (!isDirectory) continue
      if (name === '_uploads') yield* uploadsIn(storage, directory)
      // What begins so is no part of a name: layers, manifests, and whatever else is kept beside them.
      else if (!name.startsWith('_')) yield* walkUploads(storage, options, layout.below(directory, name))
    }
  } catch (error) {
    if (options.signal?.aborted) throw error
    if (!isNothing(error)) options.onFailure(directory, error)
  }
}

async function* uploadsIn(storage: ContentStore, directory: StoragePath): AsyncGenerator<UploadPlace, void, undefined> {
  const repository = unlessInvalid(layout.parseRepositoryRoot, directory)
  if (repository === undefined) return
  for await (const { name, isDirectory } of storage.list(layout.uploadsRoot(repository)))
    if (isDirectory && isUploadId(name)) yield { repository, id: name }
}

/** What is gone by now, or was never a place of the registry's, is no failure. */
function isNothing(error: unknown): boolean {
  return error instanceof StorageError && (error.code === 'PATH_NOT_FOUND' || error.code === 'INVALID_PATH')
}
