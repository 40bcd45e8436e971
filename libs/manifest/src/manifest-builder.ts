import type { Digest } from '@berth/digest'

/** Makes a manifest: what it is to name is appended, from the base upwards, and it is built. */
export interface ManifestBuilder<Reference> {
  append(reference: Reference): this

  /** @throws RegistryError MANIFEST_INVALID: what was appended makes none */
  build(): BuiltManifest
}

export interface BuiltManifest {
  readonly mediaType: string
  /** What it is known by: of a signed manifest, the digest of its payload. */
  readonly digest: Digest
  readonly content: Uint8Array
  /** What it names and brings along: to be among the repository's blobs before the manifest is. */
  readonly blobs: readonly BuiltBlob[]
}

export interface BuiltBlob {
  readonly digest: Digest
  readonly content: Uint8Array
}
