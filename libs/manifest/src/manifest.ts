import type { Descriptor } from '@berth/descriptor'

/** What a manifest says, as far as a registry looks into it. Its bytes are kept by whoever received them. */
export interface Manifest {
  readonly mediaType: string
  /** `index`: it lists manifests. `image`: it lists blobs, be they an image's or any other artifact's. */
  readonly kind: 'image' | 'index'
  /** All that it names and that belongs to it, in its order, the config first. */
  readonly references: readonly Reference[]
  /** The manifest that it is about. Not one of its references: it need not be here. */
  readonly subject?: Descriptor
  /** What kind of artifact it is: in its own words, or by the media type of its config. */
  readonly artifactType?: string
  readonly configMediaType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Reference {
  readonly descriptor: Descriptor
  /** `manifest`: to be found among the repository's manifests. All others are blobs. */
  readonly role: 'config' | 'layer' | 'manifest' | 'blob'
  /** Where it stands, such as `layers[2]`. */
  readonly field: string
}
