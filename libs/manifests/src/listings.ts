import type { Digest } from '@berth/digest'
import type { RepositoryName, Tag } from '@berth/reference'

/** Selects a page of a sorted list: the entries after `last`, limited by count (`limit`) and total size (`maxBytes`). */
export interface PageRequest {
  /** Maximum number of entries. Unlimited if absent. */
  readonly limit?: number
  /** Maximum total size of the page's entries, in bytes. The first entry is returned even if it is larger. */
  readonly maxBytes?: number
  /** The page begins with the first entry greater than this in byte order. `last` need not be an entry. */
  readonly last?: string
}

export interface Page<T> {
  readonly entries: readonly T[]
  /** Whether at least one entry follows this page. */
  readonly hasMore: boolean
}

export interface Tags {
  /**
   * Lists a repository's tags in byte order.
   *
   * @throws RegistryError NAME_UNKNOWN: no manifest was ever pushed to this repository
   */
  list(repository: RepositoryName, page: PageRequest): Promise<Page<Tag>>

  /**
   * Removes a tag. Its manifest stays.
   *
   * @throws RegistryError MANIFEST_UNKNOWN: the tag does not exist
   */
  delete(repository: RepositoryName, tag: Tag): Promise<void>
}

export interface Catalog {
  /** Lists the names of all repositories that have received a push, in byte order of the full name. */
  list(page: PageRequest): Promise<Page<RepositoryName>>
}

/** An entry of a referrers list: a manifest that refers to the subject. */
export interface ListedReferrer {
  readonly digest: Digest
  /** Its descriptor as JSON text. The text is passed on unparsed, because its annotations may have several MiB. */
  readonly descriptor: Uint8Array
}

export interface ReferrersPage extends Page<ListedReferrer> {
  /** The `last` to request the next page with, if there is a next page. May differ from the last entry's digest. */
  readonly last?: Digest
}

export interface Referrers {
  /**
   * Lists the descriptors of the manifests in this repository that refer to `subject`, in byte order of their digests,
   * with their annotations and artifact type. The list is empty if no manifest refers to `subject`. The request's `last`
   * is a digest.
   *
   * The number of bytes read and parsed for one page is bounded. A page may therefore have fewer entries than requested,
   * or no entries, although more entries follow (`hasMore`).
   *
   * @param artifactType lists only manifests of this artifact type
   * @see OCI distribution-spec, "Listing Referrers"
   */
  list(repository: RepositoryName, subject: Digest, page: PageRequest, artifactType?: string): Promise<ReferrersPage>
}
