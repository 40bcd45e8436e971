import type { Blobs } from '@berth/blobs'
import type { ManifestPolicy, Manifests } from '../manifests.ts'
import type { Catalog, Referrers, Tags } from '../listings.ts'

/** One implementation of all the contracts, over storage that was empty when it was opened. */
export interface ServicesUnderTest {
  readonly manifests: Manifests
  readonly tags: Tags
  readonly catalog: Catalog
  readonly referrers: Referrers
  /** Of the same storage. */
  readonly blobs: Blobs
  close?(): Promise<void>
}

export type OpenServices = (
  policy: ManifestPolicy,
  schema1: { readonly acceptsPushes: boolean },
) => Promise<ServicesUnderTest> | ServicesUnderTest

/** All must be here, and nothing is forbidden. */
export const strictPolicy: ManifestPolicy = {
  references: 'all',
  indexes: 'all',
  urls: { allow: [], deny: [] },
  classes: [],
}

/** Runs `body` against services of its own. */
export async function withServices(
  open: OpenServices,
  body: (services: ServicesUnderTest) => Promise<void>,
  policy: Partial<ManifestPolicy> = {},
  schema1 = { acceptsPushes: true },
): Promise<void> {
  const services = await open({ ...strictPolicy, ...policy }, schema1)
  try {
    await body(services)
  } finally {
    await services.close?.()
  }
}
