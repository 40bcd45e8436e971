import type { Reference } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

const nondistributable: ReadonlySet<string> = new Set([
  mediaTypes.ociNondistributableLayer,
  mediaTypes.ociNondistributableLayerGzip,
  mediaTypes.ociNondistributableLayerZstd,
])

/**
 * Whether a manifest may be stored only where this reference is there. Layers that may not be distributed are fetched
 * from their URLs; all others must be here, even if they also have URLs.
 */
export function mustExist({ descriptor }: Reference): boolean {
  // One without URLs is refused by `checkUrls`: that it is not here, either, is no second fault.
  if (descriptor.mediaType === mediaTypes.dockerForeignLayer) return false
  return !nondistributable.has(descriptor.mediaType) || (descriptor.urls ?? []).length === 0
}
