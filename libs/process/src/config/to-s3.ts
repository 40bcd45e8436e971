import type { S3Config, S3Credentials } from './config.ts'
import type { Findings } from './problems.ts'
import type { ValueOf } from './schema/node.ts'
import type { s3 } from './schema/s3.ts'
import { Secret } from './secret.ts'

type Read = ValueOf<typeof s3>

/** A store that is not AWS may not know what AWS added lately, nor have names for buckets. */
export function toS3(read: Read): S3Config {
  const { region, bucket, rootDirectory, regionEndpoint, redirectEndpoint, keyId, storageClass, objectAcl } = read
  const isAws = regionEndpoint === undefined
  return {
    name: 's3',
    region,
    bucket,
    rootDirectory,
    ...(regionEndpoint !== undefined && { endpoint: urlOf(regionEndpoint, read.secure) }),
    ...(redirectEndpoint !== undefined && { redirectEndpoint: urlOf(redirectEndpoint, read.secure) }),
    forcePathStyle: read.forcePathStyle ?? !isAws,
    skipVerify: read.skipVerify,
    useDualStack: read.useDualStack,
    accelerate: read.accelerate,
    useFips: read.useFipsEndpoint,
    encrypt: read.encrypt,
    ...(keyId !== undefined && { keyId }),
    // What a store does by itself anyway, some refuse to be told.
    ...(storageClass !== 'NONE' && storageClass !== 'STANDARD' && { storageClass }),
    ...(objectAcl !== 'private' && { objectAcl }),
    ...(read.userAgent !== undefined && { userAgent: read.userAgent }),
    chunkSize: read.chunkSize,
    copyChunkSize: read.multipartCopyChunkSize,
    copyConcurrency: read.multipartCopyMaxConcurrency,
    copyThreshold: read.multipartCopyThresholdSize,
    checksums: read.checksums ?? isAws,
    maxAttempts: read.maxAttempts,
    timeoutMs: read.timeoutMs,
  }
}

export function toS3Credentials(path: string, read: Read, findings: Findings): S3Credentials | undefined {
  const { accessKey, secretKey, sessionToken } = read
  if (accessKey === undefined && secretKey === undefined) return undefined
  if (accessKey === undefined || secretKey === undefined) {
    const missing = accessKey === undefined ? 'accesskey' : 'secretkey'
    findings.problem(`${path}.${missing}`, 'is required: a key has a secret')
    return undefined
  }
  return {
    accessKey,
    secretKey: new Secret(secretKey),
    ...(sessionToken !== undefined && { sessionToken: new Secret(sessionToken) }),
  }
}

function urlOf(endpoint: string, isSecure: boolean): string {
  if (/^[a-z]+:\/\//i.test(endpoint)) return endpoint
  return `${isSecure ? 'https' : 'http'}://${endpoint}`
}
