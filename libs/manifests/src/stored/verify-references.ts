import type { Blobs } from '@berth/blobs'
import type { Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { checkUrls, imageClass, type Manifest, maxFaults, mustExist, type Reference } from '@berth/manifest'
import type { RepositoryName } from '@berth/reference'
import { forEachLimited } from '@berth/storage'
import type { ManifestPolicy } from '../manifests.ts'

const parallelReads = 16

/** @throws RegistryError DENIED: the policy allows none of its class */
export function checkClass(manifest: Manifest, { classes }: ManifestPolicy): void {
  if (classes.length === 0) return
  const found = imageClass(manifest)
  if (found === undefined || classes.includes(found)) return
  throw new RegistryError('DENIED', { reason: `registry does not allow ${found} manifest` })
}

/**
 * Whether all that a manifest names may be named, and is there.
 *
 * @param hasManifest whether a child is there
 * @throws AggregateError of a fault for each that is not, in the manifest's order
 */
export async function verifyReferences(
  manifest: Manifest,
  parts: {
    readonly repository: RepositoryName
    readonly policy: ManifestPolicy
    readonly blobs: Pick<Blobs, 'statAll'>
    readonly hasManifest: (digest: Digest) => Promise<boolean>
    /** What is wrong with it already, to be told with the rest. */
    readonly faults?: readonly RegistryError[]
  },
  signal?: AbortSignal,
): Promise<void> {
  const { repository, policy, blobs, hasManifest } = parts
  const required = manifest.references.filter((each) => mustExist(each) && isRequired(manifest, each, policy))
  const missing = new Set<Digest>()

  const blobDigests = digestsOf(required, (each) => each.role !== 'manifest')
  const found = blobDigests.length === 0 ? [] : await blobs.statAll(repository, blobDigests, signal)
  for (const [index, digest] of blobDigests.entries()) if (found[index] === undefined) missing.add(digest)

  const children = digestsOf(required, (each) => each.role === 'manifest')
  await forEachLimited(children, parallelReads, async (digest) => {
    signal?.throwIfAborted()
    if (!(await hasManifest(digest))) missing.add(digest)
  })

  const faults = [...(parts.faults ?? [])]
  for (const reference of manifest.references) {
    if (faults.length >= maxFaults) break
    faults.push(...checkUrls(reference, policy.urls))
    const { digest } = reference.descriptor
    // Told once, however often it is named.
    if (missing.delete(digest)) faults.push(new RegistryError('MANIFEST_BLOB_UNKNOWN', { digest }))
  }
  if (faults.length > 0) throw new AggregateError(faults, 'references of the manifest are missing or wrong')
}

function isRequired(manifest: Manifest, { descriptor }: Reference, { references, indexes }: ManifestPolicy): boolean {
  if (references === 'none') return false
  if (manifest.kind !== 'index' || indexes === 'all') return true
  if (indexes === 'none') return false
  const { platform } = descriptor
  return indexes.some((each) => each.architecture === platform?.architecture && each.os === platform.os)
}

function digestsOf(references: readonly Reference[], isWanted: (reference: Reference) => boolean): readonly Digest[] {
  return [...new Set(references.filter(isWanted).map(({ descriptor }) => descriptor.digest))]
}
