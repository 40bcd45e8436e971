import type { ObjectCannedACL, ServerSideEncryption, StorageClass } from '@aws-sdk/client-s3'
import type { S3Settings } from '../s3-settings.ts'

/** What every object is made with. */
export interface ObjectHeaders {
  readonly ContentType: string
  readonly ServerSideEncryption?: ServerSideEncryption
  readonly SSEKMSKeyId?: string
  readonly ACL?: ObjectCannedACL
  readonly StorageClass?: StorageClass
}

/** The headers of what stays, and of what goes with its upload: that is not worth a storage class with a least age. */
export function objectHeaders(settings: S3Settings): {
  readonly lasting: ObjectHeaders
  readonly passing: ObjectHeaders
} {
  const { encrypt, keyId, objectAcl, storageClass } = settings
  const passing: ObjectHeaders = {
    // As Distribution's driver has it.
    ContentType: 'application/octet-stream',
    ...(encrypt && { ServerSideEncryption: keyId === undefined ? 'AES256' : 'aws:kms' }),
    ...(encrypt && keyId !== undefined && { SSEKMSKeyId: keyId }),
    ...(objectAcl !== undefined && { ACL: objectAcl as ObjectCannedACL }),
  }
  const lasting = storageClass === undefined ? passing : { ...passing, StorageClass: storageClass as StorageClass }
  return { passing, lasting }
}

/** As they stand in a request. */
export function wireHeaders(headers: ObjectHeaders): Readonly<Record<string, string>> {
  const { ContentType, ServerSideEncryption, SSEKMSKeyId, ACL, StorageClass } = headers
  return {
    'content-type': ContentType,
    ...(ServerSideEncryption && { 'x-amz-server-side-encryption': ServerSideEncryption }),
    ...(SSEKMSKeyId !== undefined && { 'x-amz-server-side-encryption-aws-kms-key-id': SSEKMSKeyId }),
    ...(ACL && { 'x-amz-acl': ACL }),
    ...(StorageClass && { 'x-amz-storage-class': StorageClass }),
  }
}
