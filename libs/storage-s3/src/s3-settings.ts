import type { S3Config } from '@berth/configuration'

/** What the driver is told: Distribution's parameters of `storage.s3`, checked, and Berth's own. */
export interface S3Settings extends Omit<S3Config, 'name'> {
  /** Without them, the environment's, the instance's or the pod's. */
  readonly credentials?: S3Credentials
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Without a sign of life, an attempt at what a store does at once ends after this, so that another may be made. */
export function quietLimitMs(timeoutMs: number): number {
  return Math.ceil(timeoutMs / 3)
}

const mebibyte = 1024 * 1024

/** Parts of a multipart upload have so much at least, but for the last. */
export const leastPart = 5 * mebibyte
/** And so much at most; a copy by one request, too. */
export const largestPart = 5 * 1024 * mebibyte
export const mostParts = 10_000

export const defaultSizes = {
  chunkSize: 10 * mebibyte,
  copyChunkSize: 32 * mebibyte,
  copyConcurrency: 16,
  copyThreshold: 32 * mebibyte,
} as const
