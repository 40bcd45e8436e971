import type { S3Config, S3Credentials } from '../config.ts'
import type { Findings } from '../problems.ts'
import type { ValueOf } from '../schema/node.ts'
import type { s3 } from '../schema/s3.ts'
import { Secret } from '../values/secret.ts'

type Read = ValueOf<typeof s3>

/** Keys that only AWS's own endpoints support. */
const awsAlone = ['accelerate', 'useDualStack', 'useFipsEndpoint'] as const

/** A store other than AWS may lack checksums and host names for buckets, so their defaults are off. */
export function toS3(path: string, read: Read, findings: Findings): S3Config {
  check(path, read, findings)
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
    // Some stores refuse these headers even for their own default.
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

/** Reports keys that exclude each other, and keys without effect. */
function check(path: string, read: Read, findings: Findings): void {
  const { regionEndpoint, accelerate, forcePathStyle, accessKey, sessionToken, keyId, encrypt } = read
  for (const key of awsAlone)
    if (regionEndpoint !== undefined && read[key])
      findings.problem(`${path}.${key.toLowerCase()}`, 'is of AWS, and cannot be with regionendpoint')
  if (accelerate && forcePathStyle === true)
    findings.problem(`${path}.accelerate`, 'has the bucket in the name of the host, and cannot be with forcepathstyle')
  if (sessionToken !== undefined && accessKey === undefined)
    findings.warning(`${path}.sessiontoken`, 'has no effect without accesskey and secretkey')
  if (keyId !== undefined && !encrypt) findings.warning(`${path}.keyid`, 'has no effect without encrypt')
}
