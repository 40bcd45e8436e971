import type { Digest } from '@berth/digest'
import type { RepositoryName, Tag } from '@berth/reference'

/** A part of a sorted list: what comes after `last`, at most `limit` entries of at most `maxBytes` together. */
export interface PageRequest {
  /** Any number where absent. */
  readonly limit?: number
  /** Bytes that the page's entries may have together. The first entry is in the page even if it has more. */
  readonly maxBytes?: number
  /** Entries greater than this, in byte order; it need not be one itself. */
  readonly last?: string
}

export interface Page<T> {
  readonly entries: readonly T[]
  /** Whether at least one entry comes after these. */
  readonly hasMore: boolean
}

export interface Tags {
  /**
   * A repository's tags in byte order.
   *
   * @throws RegistryError NAME_UNKNOWN: no manifest was ever pushed to this repository
   */
  list(repository: RepositoryName, page: PageRequest): Promise<Page<Tag>>

  /**
   * Removes a tag; its manifest stays.
   *
   * @throws RegistryError MANIFEST_UNKNOWN: no such tag
   */
  delete(repository: RepositoryName, tag: Tag): Promise<void>
}

export interface Catalog {
  /** The names of the repositories that something was pushed to, in byte order of the whole name. */
  list(page: PageRequest): Promise<Page<RepositoryName>>
}

/** A manifest as the referrers of its subject are listed. */
export interface ListedReferrer {
  readonly digest: Digest
  /** Its descriptor as JSON: parsed by nobody on the way, because one may have annotations of several MiB. */
  readonly descriptor: Uint8Array
}

export interface ReferrersPage extends Page<ListedReferrer> {
  /** What the next page is asked for with as its `last`, where there is one. Not always the last entry's digest. */
  readonly last?: Digest
}

export interface Referrers {
  /**
   * Descriptors of the manifests in this repository whose subject is `subject`, in byte order of their digests, with
   * their annotations and artifact type; none if no manifest refers to it. `last` of the page is a digest.
   *
   * What is read and parsed for one page is bounded. So a page may have fewer entries than asked for, or none, though
   * more entries follow (`hasMore`).
   *
   * @param artifactType only those of this type
   * @see OCI distribution-spec, "Listing Referrers"
   */
  list(repository: RepositoryName, subject: Digest, page: PageRequest, artifactType?: string): Promise<ReferrersPage>
}
