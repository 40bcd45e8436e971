/**
 * Manifests: documents that say which blobs, or which other manifests, make an image or an artifact.
 * Begin with `manifest.ts`, then `parse-manifest.ts`; the other files are the rules of what one may name.
 */
export { checkUrls, type UrlPolicy } from './check-urls.ts'
export { detectMediaType } from './detect-media-type.ts'
export { maxFaults } from './faults.ts'
export { imageClass, type ImageClass } from './image-class.ts'
export type { Manifest, Reference } from './manifest.ts'
export { isManifestMediaType, mediaTypes } from './media-types.ts'
export { mustExist } from './must-exist.ts'
export { parseManifest, parseStoredManifest } from './parse-manifest.ts'
export { formatIndex, referrerDescriptor } from './referrers.ts'
