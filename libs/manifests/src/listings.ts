import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { RepositoryName, Tag } from '@berth/reference'

/** A part of a sorted list: what comes after `last`, at most `limit` entries. */
export interface PageRequest {
  /** All where absent. */
  readonly limit?: number
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

export interface Referrers {
  /**
   * Descriptors of the manifests in this repository whose subject is `subject`, in byte order of their digests, with
   * their annotations and artifact type; none where nothing is known of it. `last` of the page is a digest.
   *
   * @param artifactType only those of this type
   * @see OCI distribution-spec, "Listing Referrers"
   */
  list(repository: RepositoryName, subject: Digest, page: PageRequest, artifactType?: string): Promise<Page<Descriptor>>
}
