import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { Manifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

/**
 * How a manifest that has a subject is shown among that subject's referrers.
 *
 * @see OCI distribution-spec, "Listing Referrers"
 */
export function referrerDescriptor(manifest: Manifest, digest: Digest, size: number): Descriptor {
  const { mediaType, annotations, artifactType } = manifest
  return {
    mediaType,
    digest,
    size,
    ...(annotations !== undefined && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
  }
}

/** The bytes of an OCI index of these manifests. */
export function formatIndex(manifests: readonly Descriptor[]): Uint8Array {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))
}
