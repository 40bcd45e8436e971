import { integer, listOf, mapOf, objectOf, type Shape, unread, value, whole } from './json/shape.ts'

const platform = objectOf({
  architecture: value,
  os: value,
  variant: value,
  'os.version': unread,
  'os.features': unread,
  features: unread,
})

const descriptor = objectOf({
  mediaType: value,
  digest: value,
  size: integer,
  urls: listOf(value),
  annotations: mapOf(unread),
  data: unread,
  platform,
  artifactType: unread,
})

const members = {
  schemaVersion: integer,
  mediaType: value,
  config: descriptor,
  layers: listOf(descriptor),
  manifests: listOf(descriptor),
  blobs: listOf(descriptor),
  subject: descriptor,
  artifactType: value,
  annotations: mapOf(value),
} satisfies Record<string, Shape>

const fsLayers = listOf(objectOf({ blobSum: value }))

/** What is read of a pushed manifest: what any of its readers, of any format, looks for. */
export const manifestShape = objectOf({ ...members, fsLayers: unread, history: unread })

/** What is read of a stored manifest, whose format is not known yet. */
export const storedShape = objectOf({ ...members, fsLayers })

/** What tells the media type of a stored manifest. */
export const typeShape = objectOf({ schemaVersion: integer, mediaType: value, manifests: unread })

/** What is read of a pushed schema1 manifest without its signatures. */
export const schema1Shape = objectOf({
  schemaVersion: integer,
  mediaType: value,
  name: value,
  tag: value,
  architecture: value,
  fsLayers,
  history: listOf(objectOf({ v1Compatibility: unread })),
  signatures: unread,
})

/** What is read of a signed schema1 manifest to verify it. */
export const signedShape = objectOf({ signatures: whole })

/** What is read of an image's configuration to make schema1 of it. */
export const imageConfigShape = objectOf({
  architecture: value,
  rootfs: objectOf({ base_layer: value, diff_ids: listOf(unread) }),
  history: listOf(objectOf({ created: value, author: value, created_by: value, comment: value, empty_layer: value })),
})

/** The region of a payload that a signature names, and what it may ask a verifier to understand. */
export const protectedShape = objectOf({ formatLength: value, formatTail: value, time: unread, crit: unread })
