import { LruCache } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import { referrerDescriptor } from '@berth/manifest'
import type { RepositoryName } from '@berth/reference'
import { layout, type ContentStore, StorageError } from '@berth/storage'
import { findParsed } from './find-parsed.ts'
import type { ManifestContents } from './manifest-contents.ts'
import { applyFilter, formatReferrerRecord, type FoundReferrer, readReferrerRecord } from './referrer-record.ts'
import type { RevisionRecords } from './revision-records.ts'

/** A manifest that may be a referrer. */
export interface Candidate {
  readonly digest: Digest
  /** The index of referrers has it. */
  readonly isLinked: boolean
  /** Clients listed it under the tag of its subject. */
  readonly isListed: boolean
}

export interface Reading {
  readonly repository: RepositoryName
  readonly subject: Digest
  readonly artifactType: string | undefined
  /** Maximum size in bytes of a descriptor that is read whole. */
  readonly maxBytes: number
  /** Maximum size in bytes of a manifest that is parsed, where there is no record of it. */
  readonly parsesUpTo: number
  /** Called with the bytes of each manifest that is parsed. */
  readonly onParsed: (bytes: number) => void
}

/** What a manifest says, as far as a list of referrers needs it. */
interface Description {
  readonly subject?: Digest
  readonly artifactType?: string
  /** Size of the descriptor's JSON in bytes. */
  readonly size: number
  /** Absent where it is large: then the manifest is parsed again for each page that lists it. */
  readonly descriptor?: Uint8Array
}

/** Bytes that all remembered descriptions may weigh. */
const maxRemembered = 16 * 1024 * 1024
const largestRemembered = 64 * 1024

/** Finds how manifests are listed as referrers: from their records, or by parsing them once. */
export class ReferrerDescriptors {
  readonly #storage: ContentStore
  readonly #contents: ManifestContents
  readonly #revisions: RevisionRecords
  readonly #isReadOnly: boolean
  /** Of manifests without a record. */
  readonly #remembered = new LruCache<Digest, Description>({ maxWeight: maxRemembered })

  constructor(parts: {
    readonly storage: ContentStore
    readonly contents: ManifestContents
    readonly revisions: RevisionRecords
    readonly isReadOnly: boolean
  }) {
    this.#storage = parts.storage
    this.#contents = parts.contents
    this.#revisions = parts.revisions
    this.#isReadOnly = parts.isReadOnly
  }

  /** @returns `undefined` for a manifest that would have to be parsed, and has more than `parsesUpTo` bytes */
  async find(candidate: Candidate, reading: Reading): Promise<FoundReferrer | undefined> {
    const { digest, isLinked } = candidate
    const { repository, subject } = reading
    if (!(await this.#revisions.has(repository, digest))) return { is: 'not listed' }
    if (isLinked) {
      const path = layout.referrerLinkPath(repository, subject, digest)
      const recorded = await readReferrerRecord(this.#storage, path, digest, reading)
      if (recorded !== undefined) return recorded
    }
    const known = this.#remembered.get(digest)
    const decided = known && apply(known, candidate, reading)
    return decided ?? this.#parse(candidate, reading)
  }

  async #parse(candidate: Candidate, reading: Reading): Promise<FoundReferrer | undefined> {
    const { digest, isLinked } = candidate
    const target = await this.#revisions.find(reading.repository, digest)
    const size = target && (await this.#contents.findSize(target))
    if (target === undefined || size === undefined) return { is: 'not listed' }
    if (size > reading.parsesUpTo) return undefined
    reading.onParsed(size)
    const manifest = await this.#findManifest(candidate, target)
    if (manifest === undefined) {
      this.#remember(digest, { size: 0 })
      return { is: 'not listed' }
    }
    const descriptor = referrerDescriptor(manifest, digest, size)
    const json = Buffer.from(JSON.stringify(descriptor))
    const description = {
      ...(manifest.subject !== undefined && { subject: manifest.subject.digest }),
      ...(manifest.artifactType !== undefined && { artifactType: manifest.artifactType }),
      size: json.byteLength,
      descriptor: json,
    }
    const isRecorded = isLinked && (await this.#record(descriptor, reading))
    if (!isRecorded) this.#remember(digest, description)
    return apply(description, candidate, reading)
  }

  async #findManifest({ isLinked, isListed }: Candidate, target: Digest): ReturnType<typeof findParsed> {
    try {
      return await findParsed(this.#contents, target)
    } catch (error) {
      // A damaged manifest that may as well refer to nothing must not keep others from being listed.
      if (isLinked || isListed || error instanceof StorageError) throw error
      return undefined
    }
  }

  /** Makes the record that an earlier version did not make. @returns whether it did */
  async #record(descriptor: Descriptor, { repository, subject }: Reading): Promise<boolean> {
    if (this.#isReadOnly) return false
    const { digest } = descriptor
    try {
      await this.#revisions.linkReferrer(repository, digest, { subject, record: formatReferrerRecord(descriptor) })
      return true
    } catch {
      // A store that is full can be read all the same: the description is remembered instead.
      return false
    }
  }

  #remember(digest: Digest, { descriptor, ...rest }: Description): void {
    const isSmall = descriptor !== undefined && descriptor.byteLength <= largestRemembered
    const kept: Description = isSmall ? { ...rest, descriptor } : rest
    const weight = 500 + (rest.artifactType?.length ?? 0) + (kept.descriptor?.byteLength ?? 0)
    this.#remembered.set(digest, kept, weight)
  }
}

/** @returns `undefined` where the description lacks the descriptor that is to be listed */
function apply(description: Description, candidate: Candidate, reading: Reading): FoundReferrer | undefined {
  const { subject, descriptor } = description
  const isReferrer = candidate.isLinked || candidate.isListed || subject === reading.subject
  if (!isReferrer || description.size === 0) return { is: 'not listed' }
  const filtered = applyFilter(description, reading)
  if (filtered !== undefined) return filtered
  return descriptor && { is: 'listed', descriptor }
}
