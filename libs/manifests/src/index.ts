/**
 * Manifests, the tags that name them, the referrers that point at them, and the catalog of repositories.
 * Begin with `manifests.ts`; how they are stored is behind `@berth/manifests/stored`.
 */
export type {
  FormerFormat,
  ManifestPolicy,
  Manifests,
  ManifestUpload,
  PushedManifest,
  StoredManifest,
} from './manifests.ts'
export type { Catalog, Page, PageRequest, Referrers, Tags } from './listings.ts'
