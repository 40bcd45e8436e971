/**
 * Manifests: documents that say which blobs, or which other manifests, make an image or an artifact.
 * Begin with `manifest.ts`, then `parse-manifest.ts`; the other files are the rules of what one may name.
 */
export { checkUrls, type UrlPattern, type UrlPolicy } from './check-urls.ts'
export { detectMediaType } from './detect-media-type.ts'
export { maxFaults } from './faults.ts'
export { ImageBuilder, type ImageOptions } from './image-builder.ts'
export { IndexBuilder } from './index-builder.ts'
export { imageClass, type ImageClass } from './image-class.ts'
export type { Manifest, Reference } from './manifest.ts'
export { isManifestMediaType, isSchema1MediaType, mediaTypes } from './media-types.ts'
export { mustExist } from './must-exist.ts'
export { parseManifest, parseStoredManifest } from './parse-manifest.ts'
export { formatIndex, referrerDescriptor } from './referrers.ts'
export { openSchema1, type OpenedSchema1 } from './schema1/parse-schema1.ts'
export { libtrustId } from './schema1/libtrust-id.ts'
export { UnfitKey } from './schema1/public-key.ts'
export { ConfigBuilder } from './schema1/config-builder.ts'
export { emptyLayer } from './schema1/empty-layer.ts'
export { ReferenceBuilder } from './schema1/reference-builder.ts'
export type { BuiltBlob, BuiltManifest, ManifestBuilder } from './manifest-builder.ts'
export { signManifest } from './schema1/sign-manifest.ts'
export { SigningKey } from './schema1/signing-key.ts'
