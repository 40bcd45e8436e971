import type { Descriptor } from '@berth/descriptor'
import { algorithmOf, type Digest, encodedOf } from '@berth/digest'
import { referrerDescriptor } from '@berth/manifest'
import { parseTag, type RepositoryName, type Tag } from '@berth/reference'
import { forEachLimited, layout, type StorageDriver, StorageError } from '@berth/storage'
import type { Page, PageRequest, Referrers } from '../listings.ts'
import type { Adoption } from './adoption.ts'
import { findParsed } from './find-parsed.ts'
import { listDigests } from './list-digests.ts'
import type { ManifestContents } from './manifest-contents.ts'
import { byBytes, pageOf } from './pages.ts'
import type { RevisionRecords } from './revision-records.ts'
import type { TagRecords } from './tag-records.ts'
import { translating } from './translating.ts'

const parallelReads = 16

export interface ReferrerParts {
  readonly storage: StorageDriver
  readonly contents: ManifestContents
  readonly revisions: RevisionRecords
  readonly tags: TagRecords
  readonly adoption: Adoption
}

export class StoredReferrers implements Referrers {
  readonly #parts: ReferrerParts

  constructor(parts: ReferrerParts) {
    this.#parts = parts
  }

  async list(
    repository: RepositoryName,
    subject: Digest,
    page: PageRequest,
    artifactType?: string,
  ): Promise<Page<Descriptor>> {
    return translating(async () => {
      const isIndexed = await this.#parts.adoption.done()
      const digests = await this.#candidates(repository, subject, isIndexed)
      const { last, limit = Infinity } = page
      const after = pageOf(digests, last === undefined ? {} : { last }).entries
      const found: Descriptor[] = []
      for (let start = 0; start < after.length && found.length <= limit; start += parallelReads) {
        const some = after.slice(start, start + parallelReads)
        const descriptors = await Promise.all(some.map((digest) => this.#findDescriptor(repository, digest)))
        for (const each of descriptors)
          if (each !== undefined && (artifactType === undefined || each.artifactType === artifactType)) found.push(each)
      }
      return { entries: found.slice(0, limit), hasMore: found.length > limit }
    })
  }

  /** All that may be referrers, in order. */
  async #candidates(repository: RepositoryName, subject: Digest, isIndexed: boolean): Promise<readonly Digest[]> {
    const digests = new Set<Digest>(await this.#listedUnderTag(repository, fallbackTag(subject)))
    if (!isIndexed) await this.#addFromRevisions(repository, subject, digests)
    const root = layout.referrersRoot(repository, subject)
    for await (const digest of listDigests(this.#parts.storage, root)) digests.add(digest)
    return [...digests].sort(byBytes)
  }

  /** Looks at every manifest of the repository, where no index says which refer to another. */
  async #addFromRevisions(repository: RepositoryName, subject: Digest, digests: Set<Digest>): Promise<void> {
    const { storage, contents } = this.#parts
    const all = listDigests(storage, layout.revisionsRoot(repository))
    await forEachLimited(all, parallelReads, async (digest) => {
      try {
        if ((await findParsed(contents, digest))?.subject?.digest === subject) digests.add(digest)
      } catch (error) {
        // What is damaged refers to nothing, as in an index.
        if (error instanceof StorageError) throw error
      }
    })
  }

  /** What clients listed themselves, where a registry had no API for it. */
  async #listedUnderTag(repository: RepositoryName, tag: Tag): Promise<readonly Digest[]> {
    const { tags, revisions, contents } = this.#parts
    const digest = await tags.find(repository, tag)
    const target = digest && (await revisions.find(repository, digest))
    const index = target && (await findParsed(contents, target))
    return index?.kind === 'index' ? index.references.map(({ descriptor }) => descriptor.digest) : []
  }

  /** `undefined` where there is no such revision any more. */
  async #findDescriptor(repository: RepositoryName, digest: Digest): Promise<Descriptor | undefined> {
    const { revisions, contents } = this.#parts
    const target = await revisions.find(repository, digest)
    const manifest = target && (await findParsed(contents, target))
    if (target === undefined || manifest === undefined) return undefined
    const size = (await contents.find(target))?.content.byteLength
    return size === undefined ? undefined : referrerDescriptor(manifest, digest, size)
  }
}

/** @see OCI distribution-spec, "Referrers Tag Schema" */
function fallbackTag(subject: Digest): Tag {
  return parseTag(`${algorithmOf(subject).slice(0, 32)}-${encodedOf(subject).slice(0, 64)}`)
}
