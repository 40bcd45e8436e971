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
export type { Catalog, ListedReferrer, Page, PageRequest, Referrers, ReferrersPage, Tags } from './listings.ts'
