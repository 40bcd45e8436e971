import { describe, expect, it } from 'vitest'
import { objectHeaders } from './object-headers.ts'
import { defaultSizes, type S3Settings } from '../s3-settings.ts'

const settings: S3Settings = {
  region: 'r',
  bucket: 'b',
  rootDirectory: '',
  forcePathStyle: false,
  skipVerify: false,
  useDualStack: false,
  accelerate: false,
  useFips: false,
  encrypt: false,
  ...defaultSizes,
  checksums: true,
  maxAttempts: 1,
  timeoutMs: 1,
}
const ContentType = 'application/octet-stream'

describe('the headers of objects', () => {
  it('are those of Distribution', () => {
    expect(objectHeaders(settings)).toEqual({ lasting: { ContentType }, passing: { ContentType } })
  })

  it.each([
    [{ encrypt: true }, { ServerSideEncryption: 'AES256' }],
    [
      { encrypt: true, keyId: 'k' },
      { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'k' },
    ],
    [{ keyId: 'k' }, {}],
    [{ objectAcl: 'public-read' }, { ACL: 'public-read' }],
  ])('say of every object what %j says', (given, expected) => {
    const { lasting, passing } = objectHeaders({ ...settings, ...given })
    expect([lasting, passing]).toEqual([
      { ContentType, ...expected },
      { ContentType, ...expected },
    ])
  })

  it('have a storage class for what stays, and none for what goes with its upload', () => {
    const { lasting, passing } = objectHeaders({ ...settings, storageClass: 'STANDARD_IA' })
    expect(lasting).toEqual({ ContentType, StorageClass: 'STANDARD_IA' })
    expect(passing).toEqual({ ContentType })
  })
})
