import { algorithmOf, type Digest, encodedOf } from '@berth/digest'
import { parseTag, type RepositoryName, type Tag } from '@berth/reference'
import { layout, type ContentStore } from '@berth/storage'
import type { ListedReferrer, Page, PageRequest, Referrers, ReferrersPage } from '../listings.ts'
import type { Adoption } from './adoption.ts'
import { findParsed } from './find-parsed.ts'
import { listDigests } from './list-digests.ts'
import type { ManifestContents } from './manifest-contents.ts'
import { byBytes, collectPage, pageOf } from './pages.ts'
import { Recollection } from './recollection.ts'
import { type Candidate, ReferrerDescriptors, type Reading } from './referrer-descriptors.ts'
import type { FoundReferrer } from './referrer-record.ts'
import type { RevisionRecords } from './revision-records.ts'
import type { TagRecords } from './tag-records.ts'
import { translating } from './translating.ts'

const parallelReads = 16
/** Maximum number of manifests that are looked at for one page, whether they are listed or not. */
const maxCandidates = 2000
/** Maximum size in bytes of a descriptor that is read beside others. Larger ones are read one after the other. */
const smallDescriptor = 64 * 1024
/** Bytes of manifests after whose parsing a page ends. */
const maxParsedBytes = 16 * 1024 * 1024
/** Bytes that the digests in all remembered indexes may weigh. */
const maxRemembered = 16 * 1024 * 1024

export interface ReferrerParts {
  readonly storage: ContentStore
  readonly contents: ManifestContents
  readonly revisions: RevisionRecords
  readonly tags: TagRecords
  readonly adoption: Adoption
  readonly isReadOnly: boolean
}

/**
 * Lists referrers by their records, which copies bytes of descriptors. A manifest is parsed only where there is no
 * record of it: in a tree that nobody may write to, of a push by an earlier version of Berth, and where it is listed
 * under a tag.
 */
export class StoredReferrers implements Referrers {
  readonly #parts: ReferrerParts
  readonly #descriptors: ReferrerDescriptors
  /** Of indexes that clients made themselves, the digests that each lists, sorted. */
  readonly #listed = new Recollection<readonly Digest[]>({
    maxWeight: maxRemembered,
    weigh: (_key, digests) => digests.length * 150 + 200,
  })

  constructor(parts: ReferrerParts) {
    this.#parts = parts
    this.#descriptors = new ReferrerDescriptors(parts)
  }

  async list(
    repository: RepositoryName,
    subject: Digest,
    page: PageRequest,
    artifactType?: string,
  ): Promise<ReferrersPage> {
    return translating(async () => {
      const candidates = await this.#candidates(repository, subject, page.last)
      const of = { repository, subject, artifactType }
      return new PageOfReferrers(page, candidates, (candidate, options) =>
        this.#descriptors.find(candidate, { ...of, ...options }),
      ).gather()
    })
  }

  /** The manifests that may be referrers, in order. */
  async #candidates(repository: RepositoryName, subject: Digest, last: string | undefined): Promise<Page<Candidate>> {
    const isIndexed = await this.#parts.adoption.done()
    const request: PageRequest = { limit: maxCandidates, ...(last !== undefined && { last }) }
    const linked = await this.#digestsBelow(layout.referrersRoot(repository, subject), request)
    const listed = pageOf(await this.#listedUnderTag(repository, fallbackTag(subject)), request)
    // Where no index says which manifests refer to another, each may.
    const others = isIndexed ? none : await this.#digestsBelow(layout.revisionsRoot(repository), request)

    const [isLinked, isListed] = [new Set(linked.entries), new Set(listed.entries)]
    const all = [...new Set([...linked.entries, ...listed.entries, ...others.entries])].sort(byBytes)
    const some = all.slice(0, maxCandidates)
    return {
      entries: some.map((digest) => ({ digest, isLinked: isLinked.has(digest), isListed: isListed.has(digest) })),
      hasMore: some.length < all.length || linked.hasMore || listed.hasMore || others.hasMore,
    }
  }

  #digestsBelow(root: Parameters<typeof listDigests>[1], request: PageRequest): Promise<Page<Digest>> {
    return collectPage(listDigests(this.#parts.storage, root, request.last), request)
  }

  /** What clients listed themselves, where a registry had no API for it. */
  async #listedUnderTag(repository: RepositoryName, tag: Tag): Promise<readonly Digest[]> {
    const { tags, revisions, contents } = this.#parts
    const digest = await tags.find(repository, tag)
    const target = digest && (await revisions.find(repository, digest))
    if (target === undefined) return []
    const digests = await this.#listed.read(target, async () => {
      const index = await findParsed(contents, target)
      if (index?.kind !== 'index') return []
      return [...new Set(index.references.map(({ descriptor }) => descriptor.digest))].sort(byBytes)
    })
    return digests ?? []
  }
}

const none: Page<never> = { entries: [], hasMore: false }

type Find = (
  candidate: Candidate,
  options: Pick<Reading, 'maxBytes' | 'parsesUpTo' | 'onParsed'>,
) => Promise<FoundReferrer | undefined>

/** One page in the making. It ends by its entries' number or bytes, or by what was parsed for it. */
class PageOfReferrers {
  readonly #limit: number
  readonly #maxBytes: number
  readonly #candidates: Page<Candidate>
  readonly #find: Find
  readonly #entries: ListedReferrer[] = []
  #bytes = 0
  #parsedBytes = 0
  /** The candidate up to which all are decided. */
  #last: Digest | undefined

  constructor({ limit = Infinity, maxBytes = Infinity }: PageRequest, candidates: Page<Candidate>, find: Find) {
    this.#limit = limit
    this.#maxBytes = maxBytes
    this.#candidates = candidates
    this.#find = find
  }

  async gather(): Promise<ReferrersPage> {
    const { entries: candidates, hasMore } = this.#candidates
    for (let start = 0; start < candidates.length; start += parallelReads) {
      if (this.#parsedBytes > maxParsedBytes) return this.#page(true)
      const some = candidates.slice(start, start + parallelReads)
      const small = await Promise.all(some.map((candidate) => this.#look(candidate, smallDescriptor, smallDescriptor)))
      for (const [index, candidate] of some.entries()) {
        const found = small[index]
        const isDecided = found?.is === 'listed' || found?.is === 'not listed'
        if (!isDecided && this.#parsedBytes > maxParsedBytes) return this.#page(true)
        const whole = isDecided ? found : await this.#look(candidate, this.#room, Infinity)
        if (whole?.is === 'listed') {
          const { descriptor } = whole
          if (this.#entries.length >= this.#limit || descriptor.byteLength > this.#room) return this.#page(true)
          this.#entries.push({ digest: candidate.digest, descriptor })
          this.#bytes += descriptor.byteLength + 1
        } else if (whole?.is === 'too large') return this.#page(true)
        this.#last = candidate.digest
      }
    }
    return this.#page(hasMore)
  }

  /** Bytes that the next descriptor may have. The first is listed however large it is. */
  get #room(): number {
    if (this.#entries.length >= this.#limit) return 0
    return this.#entries.length === 0 ? Infinity : this.#maxBytes - this.#bytes
  }

  #look(candidate: Candidate, maxBytes: number, parsesUpTo: number): Promise<FoundReferrer | undefined> {
    return this.#find(candidate, { maxBytes, parsesUpTo, onParsed: (bytes) => (this.#parsedBytes += bytes) })
  }

  #page(hasMore: boolean): ReferrersPage {
    const last = hasMore ? this.#last : undefined
    return { entries: this.#entries, hasMore, ...(last !== undefined && { last }) }
  }
}

/** @see OCI distribution-spec, "Referrers Tag Schema" */
function fallbackTag(subject: Digest): Tag {
  return parseTag(`${algorithmOf(subject).slice(0, 32)}-${encodedOf(subject).slice(0, 64)}`)
}
