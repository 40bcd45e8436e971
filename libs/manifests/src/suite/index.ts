/**
 * What every implementation of the contracts of `@berth/manifests` must do, stored or remote.
 * Begin with `services-under-test.ts`, which says what a suite is given; each file besides is one contract's.
 */
export { describeCatalog } from './describe-catalog.ts'
export { describeManifests } from './describe-manifests.ts'
export { describeReferrers } from './describe-referrers.ts'
export { describeSchema1 } from './describe-schema1.ts'
export { describeTags } from './describe-tags.ts'
export { type OpenServices, type ServicesUnderTest, strictPolicy } from './services-under-test.ts'
