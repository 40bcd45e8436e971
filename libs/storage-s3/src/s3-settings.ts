/** What the driver is told: Distribution's parameters of `storage.s3`, checked, and Berth's own. */
export interface S3Settings {
  readonly region: string
  readonly bucket: string
  /** Below which all keys lie. */
  readonly rootDirectory: string
  /** Without it, AWS. */
  readonly endpoint?: string
  /** The endpoint in URLs that clients are sent to, where it is another one. */
  readonly redirectEndpoint?: string
  readonly forcePathStyle: boolean
  readonly skipVerify: boolean
  readonly useDualStack: boolean
  readonly accelerate: boolean
  readonly useFips: boolean
  /** Without them, the environment's, the instance's or the pod's. */
  readonly credentials?: S3Credentials
  readonly encrypt: boolean
  /** Of KMS; without it, the store's own key. */
  readonly keyId?: string
  /** Of content at its final place; without it, the bucket's own. */
  readonly storageClass?: string
  readonly objectAcl?: string
  readonly userAgent?: string
  /** Of what is written in parts, bytes. */
  readonly chunkSize: number
  readonly copyChunkSize: number
  readonly copyConcurrency: number
  /** Up to here one request copies. */
  readonly copyThreshold: number
  /** Whether writes carry CRC-32 checksums, and what is short is checked by them when it is read. */
  readonly checksums: boolean
  readonly maxAttempts: number
  /** For a request with all its attempts. */
  readonly timeoutMs: number
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
  copyConcurrency: 100,
  copyThreshold: 32 * mebibyte,
} as const
