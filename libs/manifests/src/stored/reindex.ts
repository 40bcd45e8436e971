import type { Digest } from '@berth/digest'
import type { Logger } from '@berth/errors'
import { referrerDescriptor } from '@berth/manifest'
import type { RepositoryName } from '@berth/reference'
import { forEachLimited, layout, type ContentStore, StorageError } from '@berth/storage'
import type { CatalogIndex } from './catalog-index.ts'
import { findParsed } from './find-parsed.ts'
import { listDigests } from './list-digests.ts'
import type { ManifestContents } from './manifest-contents.ts'
import { formatReferrerRecord } from './referrer-record.ts'
import type { RevisionRecords } from './revision-records.ts'
import { walkRepositories } from './walk-repositories.ts'

const parallelReads = 8

export interface Reindexed {
  readonly repositories: number
  readonly manifests: number
  readonly referrers: number
  /** Manifests that could not be read; what they refer to is not known. */
  readonly damaged: number
}

/**
 * Makes Berth's own records of a tree that Distribution wrote: the catalog's entries, and the links of referrers. Adds
 * what is missing and removes nothing, so it may run beside pushes, and after a crash again.
 */
export async function reindex(
  parts: {
    readonly storage: ContentStore
    readonly catalog: CatalogIndex
    readonly revisions: RevisionRecords
    readonly contents: ManifestContents
    readonly log: Logger | undefined
  },
  signal?: AbortSignal,
): Promise<Reindexed> {
  const { storage, catalog, revisions, contents, log } = parts
  const counts = { repositories: 0, manifests: 0, referrers: 0, damaged: 0 }

  const addReferrer = async (repository: RepositoryName, digest: Digest): Promise<void> => {
    signal?.throwIfAborted()
    counts.manifests += 1
    const manifest = await findParsed(contents, digest)
    const subject = manifest?.subject?.digest
    const size = await contents.findSize(digest)
    if (manifest === undefined || subject === undefined || size === undefined) return
    if (!(await revisions.isStored(repository, digest))) return
    const record = formatReferrerRecord(referrerDescriptor(manifest, digest, size))
    await revisions.linkReferrer(repository, digest, { subject, record })
    counts.referrers += 1
  }

  await walkRepositories(
    storage,
    async (repository) => {
      counts.repositories += 1
      await catalog.add(repository)
      await forEachLimited(listDigests(storage, layout.revisionsRoot(repository)), parallelReads, async (digest) => {
        try {
          await addReferrer(repository, digest)
        } catch (error) {
          if (error instanceof StorageError || signal?.aborted === true) throw error
          counts.damaged += 1
          log?.warn({ err: error, repository, digest }, 'manifest is damaged')
        }
      })
    },
    signal,
  )
  await catalog.markComplete()
  log?.info(counts, 'catalog and referrers indexed')
  return counts
}
