import { describe, expect, it } from 'vitest'
import { escapeKey, RequestSigner, type SignedHeaders } from './sign-request.ts'

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const request = {
  method: 'GET',
  path: '/test.txt',
  headers: { host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9' },
}
const at = new Date('2013-05-24T00:00:00Z')
const signatureOf = ({ authorization }: SignedHeaders) => /Signature=(\w+)$/.exec(authorization)?.[1]

describe('a signature', () => {
  const signer = new RequestSigner({ region: 'us-east-1', service: 's3' })
  const published = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'

  it('is that of the example that AWS has published', () => {
    const headers = signer.sign(request, credentials, at)
    expect(headers['x-amz-date']).toBe('20130524T000000Z')
    expect(headers.authorization).toContain(
      'Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,',
    )
    expect(signatureOf(headers)).toBe(published)
  })

  it('covers the content, as in the example of a put that AWS has published', () => {
    const put = {
      method: 'PUT',
      path: '/test%24file.text',
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        host: request.headers.host,
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
    }
    const expected = '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd'
    for (const content of [['Welcome to Amazon S3.'], ['Welcome', ' to Amazon S3.']]) {
      const chunks = content.map((text) => Buffer.from(text))
      expect(signatureOf(signer.sign({ ...put, content: chunks }, credentials, at))).toBe(expected)
    }
  })

  it('follows from the credentials and the day of each request', () => {
    const rotated = { ...credentials, secretAccessKey: 'another' }
    const others = [
      signer.sign(request, rotated, at),
      signer.sign(request, credentials, new Date('2013-05-25T00:00:00Z')),
    ]
    expect(others.map(signatureOf)).not.toContain(published)
    expect(signatureOf(signer.sign(request, credentials, at))).toBe(published)
  })

  it('covers the token of temporary credentials', () => {
    const headers = signer.sign(request, { ...credentials, sessionToken: 'token' }, at)
    expect(headers).toMatchObject({ 'x-amz-security-token': 'token' })
    expect(headers.authorization).toContain(';x-amz-security-token,')
  })
})

it.each([
  ['docker/registry/v2/blobs/sha256/aa/data', 'docker/registry/v2/blobs/sha256/aa/data'],
  ["a b+c/ü!'()*~_-.", 'a%20b%2Bc/%C3%BC%21%27%28%29%2A~_-.'],
])('the key %j stands in a path as %j', (key, escaped) => {
  expect(escapeKey(key)).toBe(escaped)
})
