import type { Blobs, CachedDescriptors } from '@berth/blobs'
import type { Logger } from '@berth/errors'
import type { ManifestPolicy } from '../manifests.ts'
import { Adoption } from './adoption.ts'
import { CatalogIndex } from './catalog-index.ts'
import { ManifestContents } from './manifest-contents.ts'
import { reindex, type Reindexed } from './reindex.ts'
import { RevisionRecords } from './revision-records.ts'
import { Schema1Manifests, type Schema1Options } from './schema1-manifests.ts'
import { StoredCatalog } from './stored-catalog.ts'
import { StoredManifests } from './stored-manifests.ts'
import { StoredReferrers } from './stored-referrers.ts'
import { StoredTags } from './stored-tags.ts'
import { type ManifestStorage, TagRecords } from './tag-records.ts'
import { translating } from './translating.ts'

export interface StoredManifestServices {
  readonly manifests: StoredManifests
  readonly tags: StoredTags
  readonly catalog: StoredCatalog
  readonly referrers: StoredReferrers
  /**
   * Makes the records that Distribution does not keep, if the tree has none yet. Whoever asks for the catalog or for
   * referrers waits for it anyway; to begin at the start spares them the wait. Given up, it is begun again by whoever
   * asks next.
   */
  readonly adopt: (signal?: AbortSignal) => Promise<void>
  /** The same, without anybody waiting for it; a failure is logged. Closing gives it up. */
  readonly adoptInBackground: () => { close(): Promise<void> }
  /** Makes the records again that Distribution does not keep, after it wrote to the tree. Nothing else need stop. */
  readonly reindex: (signal?: AbortSignal) => Promise<Reindexed>
}

export interface StoredManifestOptions {
  readonly storage: ManifestStorage
  readonly blobs: Pick<Blobs, 'statAll' | 'read' | 'put'>
  readonly policy: ManifestPolicy
  readonly schema1?: Schema1Options
  /**
   * Whether this process holds the tree's lock for itself, on a local file system: then nobody else writes, and tags
   * and links are remembered. Manifests by digest are remembered by any process.
   */
  readonly isExclusive: boolean
  /** Whether nothing may be written: a tree that has no index is walked. */
  readonly isReadOnly?: boolean
  /**
   * Has revisions remembered that others may remove. For manifests alone: a blob's link must not stand for a manifest's.
   * Of no effect where the tree is this process's own.
   */
  readonly cache?: CachedDescriptors | undefined
  readonly log?: Logger
}

/** Manifests, tags, catalog and referrers of one storage, which share what they remember of it. */
export function openManifests({
  blobs,
  policy,
  schema1 = {},
  isReadOnly = false,
  ...options
}: StoredManifestOptions): StoredManifestServices {
  const { storage, log } = options
  const contents = new ManifestContents(options)
  const revisions = new RevisionRecords({ ...options, contents })
  const tags = new TagRecords(options)
  const catalog = new CatalogIndex(options)
  const index = (signal?: AbortSignal): Promise<Reindexed> =>
    reindex({ storage, catalog, revisions, contents, log }, signal)
  const adoption = new Adoption({ isComplete: () => catalog.isComplete(), reindex: isReadOnly ? undefined : index })
  const adopt = async (signal?: AbortSignal): Promise<void> => {
    const isIndexed = await translating(() => adoption.done(signal))
    if (!isIndexed)
      log?.warn({}, 'the tree is read-only and has no index: each request for the catalog or referrers walks it')
  }
  return {
    manifests: new StoredManifests({
      contents,
      revisions,
      tags,
      catalog,
      blobs,
      policy,
      schema1: new Schema1Manifests({ blobs, ...schema1 }),
    }),
    tags: new StoredTags({ storage, tags, catalog }),
    catalog: new StoredCatalog({ storage, catalog, adoption }),
    referrers: new StoredReferrers({ storage, contents, revisions, tags, adoption, isReadOnly }),
    adopt,
    adoptInBackground: () => {
      const stop = new AbortController()
      const done = adopt(stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted) log?.error({ err: error }, 'the tree could not be indexed')
      })
      return {
        close: () => {
          stop.abort()
          return done
        },
      }
    },
    reindex: (signal) => translating(() => index(signal)),
  }
}
