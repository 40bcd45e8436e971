import { berthRoot, blobsRoot, catalogRoot, repositoriesRoot, temporaryRoot } from './layout.ts'
import type { StoragePath } from './storage-path.ts'

export type PathKind =
  'blob' | 'layer' | 'revision' | 'tag' | 'referrer' | 'upload' | 'repository' | 'catalog' | 'temporary' | 'other'

// No part of a repository's name begins with an underscore.
const below = /\/_(?:(layers)|manifests\/(revisions|tags)|(referrers)|(uploads))(?:\/|$)/
const kinds: Readonly<Record<string, PathKind>> = {
  layers: 'layer',
  revisions: 'revision',
  tags: 'tag',
  referrers: 'referrer',
  uploads: 'upload',
}

/** What lies at a path, in a word. */
export function pathKind(path: StoragePath): PathKind {
  if (path.startsWith(blobsRoot)) return 'blob'
  if (path.startsWith(repositoriesRoot)) {
    const found = below.exec(path)
    return kinds[found?.slice(1).find(Boolean) ?? ''] ?? 'repository'
  }
  if (!path.startsWith(berthRoot)) return 'other'
  if (path.startsWith(temporaryRoot)) return 'temporary'
  return path.startsWith(catalogRoot) ? 'catalog' : 'other'
}
