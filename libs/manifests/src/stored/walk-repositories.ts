import { unlessInvalid } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import { forEachLimited, layout, type ContentStore, StorageError, type StoragePath } from '@berth/storage'

const markers: ReadonlySet<string> = new Set(['_manifests', '_layers'])
const parallelLists = 16

/**
 * Finds the repositories of a tree, in no order: the directories that have manifests or layers. Directories that begin
 * with `_` are a repository's own.
 *
 * @param onRepository called for many at once; what it throws ends the walk
 */
export async function walkRepositories(
  storage: ContentStore,
  onRepository: (repository: RepositoryName) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let level: readonly StoragePath[] = [layout.repositoriesRoot]
  while (level.length > 0) {
    const below: StoragePath[] = []
    await forEachLimited(level, parallelLists, async (directory) => {
      signal?.throwIfAborted()
      const children = await directoriesIn(storage, directory)
      for (const child of children) if (!child.startsWith('_')) below.push(layout.below(directory, child))
      if (!children.some((child) => markers.has(child))) return
      // A directory that Distribution could not have made is nobody's repository, though some below it may be.
      const repository = unlessInvalid(layout.parseRepositoryRoot, directory)
      if (repository !== undefined) await onRepository(repository)
    })
    level = below
  }
}

async function directoriesIn(storage: ContentStore, path: StoragePath): Promise<readonly string[]> {
  const names: string[] = []
  try {
    for await (const entry of storage.list(path)) if (entry.isDirectory) names.push(entry.name)
  } catch (error) {
    // It may have been removed since its parent was read.
    if (!StorageError.isNotFound(error)) throw error
  }
  return names
}
