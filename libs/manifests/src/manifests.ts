import type { Digest } from '@berth/digest'
import type { UrlPolicy } from '@berth/manifest'
import type { RepositoryName, Tag } from '@berth/reference'

/** The manifests of all repositories, by tag or digest. */
export interface Manifests {
  /**
   * The manifest, its bytes as they were received; of schema1, its payload with this registry's signature.
   *
   * @param newest of whoever reads nothing newer: then a tag of a manifest list stands for the list's manifest for linux
   *   on amd64, and where schema2 is too new as well, it is given as schema1. Of no effect on anything else, nor on
   *   what is asked for by digest
   * @throws RegistryError MANIFEST_UNKNOWN: no such tag or revision here, or a tag whose revision is gone
   * @throws RegistryError MANIFEST_INVALID: what is stored cannot be given as schema1
   */
  get(repository: RepositoryName, reference: Tag | Digest, newest?: FormerFormat): Promise<StoredManifest>

  /**
   * Stores a manifest, links it, links it to its subject, and moves tags to it; in this order, so that whoever sees a
   * tag can pull. Idempotent.
   *
   * @throws RegistryError MANIFEST_INVALID: not a manifest of its media type, one that other programs may read
   *   differently, or of schema1 where that is not accepted
   * @throws RegistryError MANIFEST_UNVERIFIED: of schema1, and a signature is not good
   * @throws RegistryError DIGEST_INVALID: its bytes are not what the reference names
   * @throws RegistryError SIZE_INVALID: more than 4 MiB
   * @throws RegistryError DENIED: the policy allows none of its class
   * @throws AggregateError of every reference that is missing (MANIFEST_BLOB_UNKNOWN) or wrong
   * @see OCI distribution-spec, "Pushing manifests"
   */
  put(repository: RepositoryName, manifest: ManifestUpload, signal?: AbortSignal): Promise<PushedManifest>

  /**
   * Removes a revision's link, and every tag that holds it. Children, blobs and referrers stay.
   *
   * @throws RegistryError MANIFEST_UNKNOWN
   */
  delete(repository: RepositoryName, digest: Digest): Promise<void>
}

/** What images were before lists of them, and before OCI. */
export type FormerFormat = 'schema2' | 'schema1'

export interface StoredManifest {
  readonly mediaType: string
  /** As asked for; of a tag, what it holds. Of schema1, that of its payload, which the signature is not part of. */
  readonly digest: Digest
  /** Shared with other readers: never written to. */
  readonly content: Uint8Array
}

export interface ManifestUpload {
  /** The digest that the client named, if it named one: the content is stored under it. */
  readonly digest?: Digest
  readonly tags: readonly Tag[]
  /** The request's `Content-Type` without parameters; what the content says of itself must agree. */
  readonly mediaType: string
  readonly content: Uint8Array
}

export interface PushedManifest {
  readonly digest: Digest
  /** The manifest that it refers to, if it does, whether that one is here or not. */
  readonly subject?: Digest
  readonly tags: readonly Tag[]
  /** Faults that are accepted, for the client to mend. Absent if there are none. */
  readonly warnings?: readonly string[]
}

/** What a manifest may name, beyond the rules of its format (`validation.manifests`, config.md). */
export interface ManifestPolicy {
  /** `none`: what a manifest names need not be here (sparse mirrors). */
  readonly references: 'all' | 'none'
  /** Which children of an index must be here: all, none, or those of these platforms. */
  readonly indexes: 'all' | 'none' | readonly { readonly architecture: string; readonly os: string }[]
  /** Of a layer's `urls`, each must match one of `allow` (any http or https URL where empty) and none of `deny`. */
  readonly urls: UrlPolicy
  /** Classes of image that may be pushed (`image`, `plugin`); any where empty. */
  readonly classes: readonly string[]
}
