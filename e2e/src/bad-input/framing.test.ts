import { describe, expect, it } from 'vitest'
import { contentOf, imageNamed } from '../flow-player/content.ts'
import { rawRequest } from './raw-http.ts'
import { refusal, sound, soundRepository, useTarget } from './target.ts'

const target = useTarget()
const hello = contentOf('hello world')
const manifest = imageNamed('sound', 'oci', { annotations: { smuggled: 'yes' } })
const manifestPath = `/v2/${soundRepository}/manifests/smuggled`
/** A whole request that would have an effect, if anyone took it for one. */
const smuggled = rawRequest('PUT', manifestPath, { 'Content-Type': manifest.mediaType }, manifest.manifest.bytes)
const chunkedPut = `PUT ${manifestPath} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`
const deletion = rawRequest('DELETE', `/v2/${soundRepository}/manifests/v1`)
const deletionHead = `DELETE /v2/${soundRepository}/manifests/v1 HTTP/1.1\r\nHost: x\r\n`

const head = (...lines: readonly string[]): string =>
  `${['GET /v2/ HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n`

describe('bytes that are no HTTP', () => {
  it.each([
    { what: 'no request line', bytes: 'hello\r\n\r\n' },
    { what: 'a method of nobody', bytes: 'FETCH /v2/ HTTP/1.1\r\nHost: x\r\n\r\n' },
    { what: 'a version of the future', bytes: 'GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n' },
    { what: 'a TLS greeting', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n' },
    { what: 'no host', bytes: 'GET /v2/ HTTP/1.1\r\n\r\n' },
    { what: 'a space before the colon', bytes: head('X-Test : 1') },
    { what: 'a zero byte in a header', bytes: head('X-Test: a\0b') },
    { what: 'a folded header', bytes: head('X-Test: a', ' b') },
    { what: 'a line feed alone', bytes: head('X-Test: a\nX-Other: b') },
    { what: 'a length below zero', bytes: head('Content-Length: -1') },
    { what: 'a length that is no number', bytes: head('Content-Length: 0x5') },
    { what: 'a length beyond all numbers', bytes: head(`Content-Length: ${'9'.repeat(30)}`) },
    { what: 'two lengths', bytes: head('Content-Length: 5', 'Content-Length: 6') },
    { what: 'a length and chunks', bytes: head('Content-Length: 5', 'Transfer-Encoding: chunked') },
    { what: 'an encoding after the chunks', bytes: head('Transfer-Encoding: chunked, gzip') },
    { what: 'an encoding of nobody', bytes: `${deletionHead}Transfer-Encoding: xchunked\r\n\r\n` },
    { what: 'a chunk without a size', bytes: `${chunkedPut}hello\r\n` },
    { what: 'a chunk of a size that is no number', bytes: `${chunkedPut}-3\r\nabc\r\n0\r\n\r\n` },
    { what: 'a chunk that is longer than it says', bytes: `${chunkedPut}3\r\nhello\r\n0\r\n\r\n` },
  ])('$what: 400, and the connection is closed', async ({ bytes }) => {
    expect(await target.told(bytes)).toMatchObject(refusal({ status: 400 }))
  })

  it('more headers than anyone needs: 431', async () => {
    const bytes = head(`X-Test: ${'a'.repeat(100_000)}`)
    expect(await target.told(bytes)).toMatchObject(refusal({ status: 431 }))
  })

  it('an expectation that nobody can meet: 417', async () => {
    expect(await target.told(rawRequest('GET', '/v2/', { Expect: 'miracles' }))).toMatchObject(refusal({ status: 417 }))
  })
})

describe('a request that is smuggled', () => {
  const inChunks = (body: Buffer): Buffer => Buffer.concat([Buffer.from('0\r\n\r\n'), body])
  it.each([
    {
      what: 'behind a length that chunks contradict',
      bytes: Buffer.concat([
        Buffer.from(head(`Content-Length: ${smuggled.byteLength + 5}`, 'Transfer-Encoding: chunked')),
        inChunks(smuggled),
      ]),
    },
    {
      what: 'behind chunks that are spelled in another way',
      bytes: Buffer.concat([Buffer.from(head('Transfer-Encoding: xchunked')), inChunks(smuggled)]),
    },
    {
      what: 'behind the first of two lengths',
      bytes: Buffer.concat([
        Buffer.from(head('Content-Length: 0', `Content-Length: ${smuggled.byteLength}`)),
        smuggled,
      ]),
    },
    {
      what: 'as the body of a GET',
      bytes: Buffer.concat([
        Buffer.from(head(`Content-Length: ${smuggled.byteLength}`, 'Connection: close')),
        smuggled,
      ]),
    },
    {
      what: 'as the body of a request that is refused',
      bytes: rawRequest(
        'PATCH',
        `/v2/${soundRepository}/blobs/uploads/x?_state=x`,
        { Connection: 'keep-alive' },
        deletion,
      ),
    },
  ])('$what is not executed', async ({ bytes }) => {
    expect((await target.told(bytes, 'end')).changes).toEqual([])
    expect((await target.send('GET', manifestPath)).status).toBe(404)
    expect((await target.send('GET', `/v2/${soundRepository}/manifests/v1`)).status).toBe(200)
  })
})

describe.each(['end', 'reset'] as const)('a body that is cut off by an %s', (ending) => {
  it('of a blob in one PUT', async () => {
    const upload = await target.startUpload()
    const request = rawRequest('PUT', `${upload}&digest=${hello.digest}`, { 'Content-Length': '12' }, hello.bytes)
    expect((await target.told(request, ending)).changes).toEqual([])
    expect((await target.send('HEAD', `/v2/${soundRepository}/blobs/${hello.digest}`)).status).toBe(404)
  })

  it('of a blob whose bytes all came, but not its last chunk', async () => {
    const upload = await target.startUpload()
    const chunked = { 'Transfer-Encoding': 'chunked', 'Content-Length': '' }
    const whole = rawRequest('PUT', `${upload}&digest=${hello.digest}`, chunked, `b\r\n${hello.bytes.toString()}\r\n`)
    const request = whole.toString().replace('Content-Length: \r\n', '')
    expect((await target.told(request, ending)).changes).toEqual([])
    expect((await target.send('HEAD', `/v2/${soundRepository}/blobs/${hello.digest}`)).status).toBe(404)
  })

  it('of a blob in one POST', async () => {
    const path = `/v2/${soundRepository}/blobs/uploads/?digest=${hello.digest}`
    expect(
      (await target.told(rawRequest('POST', path, { 'Content-Length': '12' }, hello.bytes), ending)).changes,
    ).toEqual([])
  })

  it('of a manifest', async () => {
    const { bytes, size } = manifest.manifest
    const headers = { 'Content-Type': manifest.mediaType, 'Content-Length': String(size + 1) }
    expect((await target.told(rawRequest('PUT', manifestPath, headers, bytes), ending)).changes).toEqual([])
    expect((await target.send('GET', manifestPath)).status).toBe(404)
  })

  it('in the middle of its headers', async () => {
    expect((await target.told(smuggled.subarray(0, 60), ending)).changes).toEqual([])
  })
})

describe('a client that hangs up while it is answered', () => {
  it('disturbs nobody', async () => {
    const path = `/v2/${soundRepository}/blobs/${sound.layers[0]?.digest}`
    const requests = Array.from({ length: 20 }, () => target.told(rawRequest('GET', path), 'reset'))
    const told = await Promise.all(requests)
    expect(told.flatMap(({ changes }) => changes)).toEqual([])
  })
})
