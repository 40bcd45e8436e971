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

/** An OCI index of manifests whose descriptors are given as JSON. They are not parsed: one may have MiBs of annotations. */
export function formatIndex(descriptors: readonly Uint8Array[]): Buffer {
  const pieces: Uint8Array[] = [indexHead]
  for (const [index, descriptor] of descriptors.entries()) {
    if (index > 0) pieces.push(comma)
    pieces.push(descriptor)
  }
  pieces.push(indexTail)
  return Buffer.concat(pieces)
}

const indexHead = Buffer.from(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[`)
const comma = Buffer.from(',')
const indexTail = Buffer.from(']}\n')
