import type { Descriptor } from '@berth/descriptor'

/** The parts of a manifest that a registry uses. A manifest does not keep its bytes, or what the rules do not need. */
export interface Manifest {
  readonly mediaType: string
  /** `index`: it lists manifests. `image`: it lists blobs, be they an image's or any other artifact's. */
  readonly kind: 'image' | 'index'
  /** The content that belongs to it, in its order, the config first. */
  readonly references: readonly Reference[]
  /** The manifest that it is about. It is not one of the references, since it may be missing here. */
  readonly subject?: Descriptor
  /** The kind of artifact: what the manifest says itself, or the media type of its config. */
  readonly artifactType?: string
  readonly configMediaType?: string
  readonly annotations?: Readonly<Record<string, string>>
  /** Faults that other registries accept, and that a client should mend. Absent if there are none. */
  readonly warnings?: readonly string[]
}

export interface Reference {
  /** Media type, digest and size, with `urls` and `platform` if it has them; nothing else. */
  readonly descriptor: Descriptor
  /** `manifest`: to be found among the repository's manifests. All others are blobs. */
  readonly role: 'config' | 'layer' | 'manifest' | 'blob'
  /** Where it stands, such as `layers[2]`. */
  readonly field: string
}
