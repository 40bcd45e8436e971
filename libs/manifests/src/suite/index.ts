/**
 * What every implementation of the contracts of `@berth/manifests` must do, stored or remote.
 * Begin with `services-under-test.ts`, which says what a suite is given; each file besides is one contract's.
 */
export { describeManifests } from './describe-manifests.ts'
export { type OpenServices, type ServicesUnderTest, strictPolicy } from './services-under-test.ts'
