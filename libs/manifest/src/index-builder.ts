import type { Descriptor } from '@berth/descriptor'
import { digestOf } from '@berth/digest'
import { formatJson } from './format-json.ts'
import type { BuiltManifest, ManifestBuilder } from './manifest-builder.ts'
import { isOciMediaType, mediaTypes } from './media-types.ts'
import { orderedDescriptor } from './ordered-descriptor.ts'

/** Builds a list of manifests: an OCI index where the first of them is OCI's, and Docker's manifest list otherwise. */
export class IndexBuilder implements ManifestBuilder<Descriptor> {
  readonly #manifests: Descriptor[] = []

  append(manifest: Descriptor): this {
    this.#manifests.push(manifest)
    return this
  }

  build(): BuiltManifest {
    const isOci = isOciMediaType(this.#manifests[0]?.mediaType ?? '')
    const mediaType = isOci ? mediaTypes.ociIndex : mediaTypes.manifestList
    const manifests = this.#manifests.map((each) => orderedDescriptor(each, mediaType))
    const content = Buffer.from(formatJson({ schemaVersion: 2, mediaType, manifests }, '   '))
    return { mediaType, digest: digestOf(content), content, blobs: [] }
  }
}
