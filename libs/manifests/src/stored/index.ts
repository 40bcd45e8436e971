/**
 * Manifests, tags, referrers and the catalog as they are kept in storage: in Distribution's tree, with Berth's own index
 * beside it. Begin with `open-manifests.ts`, which puts the parts together; `stored-manifests.ts` has the order of writes.
 */
export { openManifests, type StoredManifestServices } from './open-manifests.ts'
export type { Reindexed } from './reindex.ts'
