import type { Blobs } from '@berth/blobs'
import type { Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { checkUrls, imageClass, type Manifest, maxFaults, mustExist, type Reference } from '@berth/manifest'
import type { RepositoryName } from '@berth/reference'
import { forEachLimited } from '@berth/storage'
import type { ManifestPolicy } from '../manifests.ts'
import { Breaks } from './breaks.ts'

const parallelReads = 16
/** Maximum number of blobs that are looked up in one call. */
const maxLookedUp = 512

/** @throws RegistryError DENIED: the policy allows none of its class */
export function checkClass(manifest: Manifest, { classes }: ManifestPolicy): void {
  if (classes.length === 0) return
  const found = imageClass(manifest)
  if (found === undefined || classes.includes(found)) return
  throw new RegistryError('DENIED', { reason: `registry does not allow ${found} manifest` })
}

/**
 * Checks that the content which a manifest names exists, and that the manifest may name it. Other work goes on meanwhile,
 * however much that is. Nothing more is looked up once as many are missing as are reported.
 *
 * @param hasManifest whether a child exists
 * @throws AggregateError of a fault for each that does not exist or may not be named, in the manifest's order
 */
export async function verifyReferences(
  manifest: Manifest,
  parts: {
    readonly repository: RepositoryName
    readonly policy: ManifestPolicy
    readonly blobs: Pick<Blobs, 'statAll'>
    readonly hasManifest: (digest: Digest) => Promise<boolean>
    /** Faults that were found before, to be reported with the others. */
    readonly faults?: readonly RegistryError[]
  },
  signal?: AbortSignal,
): Promise<void> {
  const { repository, policy, blobs, hasManifest } = parts
  const breaks = new Breaks()
  const required = manifest.references.filter((each) => mustExist(each) && isRequired(manifest, each, policy))
  const missing = new Set<Digest>()

  const blobDigests = digestsOf(required, (each) => each.role !== 'manifest')
  for (let start = 0; start < blobDigests.length && missing.size < maxFaults; start += maxLookedUp) {
    if (breaks.isDue) await breaks.take()
    const some = blobDigests.slice(start, start + maxLookedUp)
    const found = await blobs.statAll(repository, some, signal)
    for (const [index, digest] of some.entries()) if (found[index] === undefined) missing.add(digest)
  }

  const children = digestsOf(required, (each) => each.role === 'manifest')
  await forEachLimited(children, parallelReads, async (digest) => {
    signal?.throwIfAborted()
    if (missing.size < maxFaults && !(await hasManifest(digest))) missing.add(digest)
  })

  const faults = [...(parts.faults ?? [])]
  for (const reference of manifest.references) {
    if (faults.length >= maxFaults) break
    if (breaks.isDue) await breaks.take()
    faults.push(...checkUrls(reference, policy.urls))
    const { digest } = reference.descriptor
    // Reported once, however often the manifest names it.
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
