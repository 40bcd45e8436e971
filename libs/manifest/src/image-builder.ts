import type { Descriptor } from '@berth/descriptor'
import { digestOf } from '@berth/digest'
import { formatJson } from './format-json.ts'
import type { BuiltBlob, BuiltManifest, ManifestBuilder } from './manifest-builder.ts'
import { mediaTypes } from './media-types.ts'
import { orderedDescriptor } from './ordered-descriptor.ts'

export interface ImageOptions {
  readonly mediaType: typeof mediaTypes.schema2 | typeof mediaTypes.ociManifest
  /** The image's configuration, the bytes of it: it is brought along. */
  readonly config: Uint8Array
  /** Default: that of a Docker, or of an OCI image. */
  readonly configMediaType?: string
  /** Of OCI alone. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** Builds a schema2 or an OCI manifest: of a configuration, and layers from the base upwards. */
export class ImageBuilder implements ManifestBuilder<Descriptor> {
  readonly #options: ImageOptions
  readonly #layers: Descriptor[] = []

  constructor(options: ImageOptions) {
    this.#options = options
  }

  append(layer: Descriptor): this {
    this.#layers.push(layer)
    return this
  }

  build(): BuiltManifest {
    const { mediaType, config, annotations } = this.#options
    const blob: BuiltBlob = { digest: digestOf(config), content: config }
    const defaultType = mediaType === mediaTypes.schema2 ? mediaTypes.dockerConfig : mediaTypes.ociConfig
    const named: Descriptor = {
      mediaType: this.#options.configMediaType ?? defaultType,
      digest: blob.digest,
      size: config.byteLength,
    }
    const document = {
      schemaVersion: 2,
      mediaType,
      config: orderedDescriptor(named, mediaType),
      layers: this.#layers.map((layer) => orderedDescriptor(layer, mediaType)),
      ...(annotations !== undefined && mediaType === mediaTypes.ociManifest && { annotations }),
    }
    const content = Buffer.from(formatJson(document, '   '))
    return { mediaType, digest: digestOf(content), content, blobs: [blob] }
  }
}
