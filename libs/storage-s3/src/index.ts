/**
 * The storage driver that keeps everything in a bucket of an object store that speaks S3.
 * Begin with `s3-driver.ts`; `writing/upload-parts.ts` has how uploads are kept in parts, `requests/store.ts` how the store's weather is met,
 * `direct-client.ts` how objects are asked for, and small ones put, without the SDK,
 * and `early-put.ts` how content is sent while it arrives.
 */
export { type OpenBucketOptions, type OpenedBucket, openBucket, readOrMakeStoredSecret } from './open-bucket.ts'
export { S3Driver, type S3DriverOptions } from './s3-driver.ts'
export { defaultSizes, type S3Credentials, type S3Settings } from './s3-settings.ts'
export type { StoreObserver, StoreOperation, StoreOutcome } from './requests/store-observer.ts'
