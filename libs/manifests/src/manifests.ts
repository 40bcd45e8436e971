import type { Digest } from '@berth/digest'
import type { UrlPolicy } from '@berth/manifest'
import type { RepositoryName, Tag } from '@berth/reference'

/** Reads and writes the manifests of all repositories, by tag or digest. */
export interface Manifests {
  /**
   * Reads a manifest. The content is byte for byte what the client pushed. A schema1 manifest is its payload with this
   * registry's signature.
   *
   * @param newest the newest format that the client can read. A tag of a manifest list then returns the list's manifest
   *   for linux/amd64, and with `schema1`, a schema2 manifest is converted to schema1. Other formats, and reads by
   *   digest, are not affected
   * @throws RegistryError MANIFEST_UNKNOWN: the tag or revision does not exist here, or the tag's revision was removed
   * @throws RegistryError MANIFEST_INVALID: the stored manifest cannot be converted to schema1
   */
  get(repository: RepositoryName, reference: Tag | Digest, newest?: FormerFormat): Promise<StoredManifest>

  /**
   * Stores a manifest, links it in the repository and to its subject, and then moves the tags to it. The tags come last,
   * so that a client that sees a tag can pull its manifest. Idempotent.
   *
   * @throws RegistryError MANIFEST_INVALID: the content is not a manifest of its media type, or other programs may
   *   interpret it differently, or it is schema1 and schema1 is not accepted
   * @throws RegistryError MANIFEST_UNVERIFIED: a signature of a schema1 manifest is invalid
   * @throws RegistryError DIGEST_INVALID: the content does not match the digest of the request
   * @throws RegistryError SIZE_INVALID: the content is larger than 4 MiB
   * @throws RegistryError DENIED: the policy does not allow manifests of this class
   * @throws AggregateError with one error for each reference that is missing (MANIFEST_BLOB_UNKNOWN) or wrong
   * @see OCI distribution-spec, "Pushing manifests"
   */
  put(repository: RepositoryName, manifest: ManifestUpload, signal?: AbortSignal): Promise<PushedManifest>

  /**
   * Removes a revision's link, and every tag that points to it. Its children, blobs and referrers stay.
   *
   * @returns the removed tags
   * @throws RegistryError MANIFEST_UNKNOWN
   */
  delete(repository: RepositoryName, digest: Digest): Promise<readonly Tag[]>
}

/** A format that is older than manifest lists and OCI. */
export type FormerFormat = 'schema2' | 'schema1'

export interface StoredManifest {
  readonly mediaType: string
  /**
   * The requested digest, or the digest that the tag points to. For schema1, the digest of the payload without
   * signatures.
   */
  readonly digest: Digest
  /** Shared with other readers. Do not modify it. */
  readonly content: Uint8Array
}

export interface ManifestUpload {
  /** The digest from the request, if it has one. The content is stored under it. */
  readonly digest?: Digest
  readonly tags: readonly Tag[]
  /** The request's `Content-Type` without parameters. The media type inside the content must agree with it. */
  readonly mediaType: string
  readonly content: Uint8Array
}

export interface PushedManifest {
  readonly digest: Digest
  /** The digest of the manifest's subject, if it has one. The subject may be missing from the registry. */
  readonly subject?: Digest
  readonly tags: readonly Tag[]
  /** Problems that are accepted but that the client should fix. Absent if there are no such problems. */
  readonly warnings?: readonly string[]
}

/** Restrictions on manifests beyond the rules of their format (`validation.manifests`, config.md). */
export interface ManifestPolicy {
  /** `none`: the blobs and manifests that a manifest references may be missing, as in sparse mirrors. */
  readonly references: 'all' | 'none'
  /** The children of an index that must exist in the repository: all, none, or those for these platforms. */
  readonly indexes: 'all' | 'none' | readonly { readonly architecture: string; readonly os: string }[]
  /**
   * Each of a layer's `urls` must match a pattern of `allow` and no pattern of `deny`. An empty `allow` accepts every
   * http or https URL.
   */
  readonly urls: UrlPolicy
  /** Classes of manifests that may be pushed (`image`, `plugin`). If empty, every class is allowed. */
  readonly classes: readonly string[]
}
