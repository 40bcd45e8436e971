import { unlessInvalid } from '@berth/errors'
import { mediaTypes } from './media-types.ts'
import { parseJsonObject } from './parse-json-object.ts'

const selfNaming: ReadonlySet<unknown> = new Set([
  mediaTypes.schema2,
  mediaTypes.manifestList,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
])

/**
 * The media type of stored bytes, which was not kept with them: what they say themselves, or what their shape is.
 * `undefined` where they are no manifest of a known type; whether they are a good one is not looked at.
 */
export function detectMediaType(content: Uint8Array): string | undefined {
  const document = unlessInvalid(parseJsonObject, content)
  if (document === undefined) return undefined
  const { schemaVersion, mediaType, manifests } = document
  // Unsigned ones are served as signed ones, too: only their payload is stored.
  if (schemaVersion === 1) return mediaTypes.schema1Signed
  if (mediaType === mediaTypes.ociArtifact) return mediaTypes.ociArtifact
  if (schemaVersion !== 2) return undefined
  if (typeof mediaType === 'string' && selfNaming.has(mediaType)) return mediaType
  if (mediaType !== undefined && mediaType !== null && mediaType !== '') return undefined
  return manifests === undefined || manifests === null ? mediaTypes.ociManifest : mediaTypes.ociIndex
}
