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

/**
 * An OCI index of the first of these manifests, as many as it has room for in `maxSize` bytes; at least of one.
 *
 * @returns its text, and of how many it is
 */
export function formatIndex(
  manifests: readonly Descriptor[],
  maxSize = Infinity,
): { readonly json: string; readonly count: number } {
  const listed: string[] = []
  const [head, tail] = [`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[`, ']}']
  let size = head.length + tail.length
  for (const descriptor of manifests) {
    const json = JSON.stringify(descriptor)
    size += Buffer.byteLength(json) + 1
    if (size > maxSize && listed.length > 0) break
    listed.push(json)
  }
  return { json: head + listed.join(',') + tail, count: listed.length }
}
