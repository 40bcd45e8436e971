import { unlessInvalid } from '@berth/errors'
import { type JsonObject, readAsGo } from './json/read-document.ts'
import { mediaTypes } from './media-types.ts'
import { typeShape } from './shapes.ts'

const selfNaming: ReadonlySet<unknown> = new Set([
  mediaTypes.schema2,
  mediaTypes.manifestList,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
])

/**
 * The media type of stored bytes, which was not kept with them: what they say themselves, or what their shape is.
 * `undefined` if they are not a manifest of a known type. The rest of the manifest is not checked.
 */
export function detectMediaType(content: Uint8Array): string | undefined {
  const document = unlessInvalid((bytes: Uint8Array) => readAsGo(bytes, typeShape), content)
  return document && mediaTypeOf(document)
}

/** The media type of a document that was read with the members of `typeShape`. */
export function mediaTypeOf({ schemaVersion, mediaType, manifests }: JsonObject): string | undefined {
  // The signatures are not stored: a payload says nothing of whether it had any. All are served signed.
  if (schemaVersion === 1) return mediaTypes.schema1Signed
  if (mediaType === mediaTypes.ociArtifact) return mediaTypes.ociArtifact
  if (schemaVersion !== 2) return undefined
  if (typeof mediaType === 'string' && selfNaming.has(mediaType)) return mediaType
  if (mediaType !== undefined && mediaType !== null && mediaType !== '') return undefined
  return manifests === undefined || manifests === null ? mediaTypes.ociManifest : mediaTypes.ociIndex
}
