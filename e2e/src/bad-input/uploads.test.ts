import { describe, expect, it } from 'vitest'
import { contentOf } from '../flow-player/content.ts'
import { rawRequest } from './raw-http.ts'
import { type Refusal, refusal, soundRepository, useTarget } from './target.ts'

const target = useTarget()
const hello = contentOf('hello world')
const other = contentOf('other').digest
const unknownId = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'

describe('ranges of chunks', () => {
  const invalid = { status: 416, code: 'RANGE_INVALID' }
  const rows: readonly ({ what: string; range: string } & Refusal)[] = [
    { what: 'no range', range: 'abc', ...invalid },
    { what: 'empty', range: '', ...invalid },
    { what: 'no end', range: '0-', ...invalid },
    { what: 'no start', range: '-10', ...invalid },
    { what: 'an end before the start', range: '10-0', ...invalid },
    { what: 'not where the upload stands', range: '5-15', ...invalid },
    { what: 'negative', range: '-5-5', ...invalid },
    { what: 'beyond all numbers', range: '0-99999999999999999999', ...invalid },
    { what: 'of another unit', range: 'lines 0-10', ...invalid },
    { what: 'several', range: '0-4,5-10', ...invalid },
  ]
  it.each(rows)('$what: $status $code', async ({ range, ...expected }) => {
    const upload = await target.startUpload()
    const request = rawRequest('PATCH', upload, { 'Content-Range': range }, hello.bytes)
    expect(await target.told(request)).toMatchObject(refusal({ ...expected, names: JSON.stringify(range) }))
    expect((await target.send('GET', upload)).headers.range).toBe('0-0')
  })

  it('not as long as the body is: 400 SIZE_INVALID', async () => {
    const upload = await target.startUpload()
    const request = rawRequest('PATCH', upload, { 'Content-Range': '0-4' }, hello.bytes)
    expect(await target.told(request)).toMatchObject(refusal({ status: 400, code: 'SIZE_INVALID', names: '11' }))
    expect((await target.send('GET', upload)).headers.range).toBe('0-0')
  })
})

describe('digests of uploads', () => {
  const rows: readonly ({ what: string; query: string } & Refusal)[] = [
    { what: 'none', query: '', status: 400, code: 'DIGEST_INVALID', names: 'digest missing' },
    { what: 'empty', query: '&digest=', status: 400, code: 'DIGEST_INVALID', names: 'digest missing' },
    { what: 'malformed', query: '&digest=sha256:abc', status: 400, code: 'DIGEST_INVALID', names: 'sha256:abc' },
    { what: 'of no known algorithm', query: '&digest=md5:abc', status: 400, code: 'DIGEST_INVALID', names: 'md5:abc' },
    { what: 'of other content', query: `&digest=${other}`, status: 400, code: 'DIGEST_INVALID', names: other },
  ]
  it.each(rows)('$what, at the end: $status $code', async ({ query, ...expected }) => {
    const upload = await target.startUpload()
    expect(await target.told(rawRequest('PUT', upload + query, {}, hello.bytes))).toMatchObject(refusal(expected))
  })

  it('of other content, after a PATCH: 400 DIGEST_INVALID, and the upload stays where it stood', async () => {
    const upload = await target.startUpload()
    const patched = await target.send('PATCH', upload)
    const request = rawRequest('PUT', `${patched.headers.location}&digest=${other}`, {}, hello.bytes)
    expect(await target.told(request)).toMatchObject(refusal({ status: 400, code: 'DIGEST_INVALID', names: other }))
    expect((await target.send('GET', upload)).headers.range).toBe(patched.headers.range)
    const right = rawRequest('PUT', `${patched.headers.location}&digest=${hello.digest}`, {}, hello.bytes)
    expect((await target.told(right)).statuses).toEqual([201])
  })

  it.each([
    { what: 'malformed', query: 'digest=sha256:abc', names: 'sha256:abc' },
    { what: 'of other content', query: `digest=${other}`, names: other },
    { what: 'of an unknown algorithm', query: 'digest-algorithm=md5', names: 'md5' },
  ])('$what, in one POST: 400 DIGEST_INVALID', async ({ query, names }) => {
    const request = rawRequest('POST', `/v2/${soundRepository}/blobs/uploads/?${query}`, {}, hello.bytes)
    expect(await target.told(request)).toMatchObject(refusal({ status: 400, code: 'DIGEST_INVALID', names }))
  })
})

describe('tokens', () => {
  const id = (upload: string): string => /uploads\/([^?]+)/.exec(upload)?.[1] ?? ''
  const token = (upload: string): string => new URLSearchParams(upload.split('?')[1]).get('_state') ?? ''
  const at = (repository: string, upload: string, state: string): string => {
    return `/v2/${repository}/blobs/uploads/${upload}?_state=${encodeURIComponent(state)}`
  }
  /** With one character replaced, of those that all count. */
  const tampered = (state: string): string => `${state.slice(0, 20)}${state[20] === 'A' ? 'B' : 'A'}${state.slice(21)}`

  type Make = (own: string, foreign: string) => string
  const rows: readonly { what: string; make: Make }[] = [
    { what: 'none', make: (own) => at(soundRepository, id(own), '').split('?')[0] ?? '' },
    { what: 'empty', make: (own) => at(soundRepository, id(own), '') },
    { what: 'garbage', make: (own) => at(soundRepository, id(own), 'garbage') },
    { what: 'not base64', make: (own) => at(soundRepository, id(own), '!"§$%&/()') },
    { what: 'tampered with', make: (own) => at(soundRepository, id(own), tampered(token(own))) },
    { what: 'cut short', make: (own) => at(soundRepository, id(own), token(own).slice(0, -8)) },
    { what: 'of another upload', make: (own, foreign) => at(soundRepository, id(own), token(foreign)) },
    { what: 'in another repository', make: (own) => at('sound/other', id(own), token(own)) },
    { what: 'huge', make: (own) => at(soundRepository, id(own), 'A'.repeat(6_000)) },
  ]
  describe.each(['PATCH', 'PUT', 'DELETE'])('for %s', (method) => {
    it.each(rows)('$what: 404 BLOB_UPLOAD_INVALID', async ({ make }) => {
      const own = await target.startUpload()
      const path = make(own, await target.startUpload())
      const digest = `${path.includes('?') ? '&' : '?'}digest=${hello.digest}`
      const request = rawRequest(method, method === 'PUT' ? path + digest : path, {}, hello.bytes)
      expect(await target.told(request)).toMatchObject(
        refusal({ status: 404, code: 'BLOB_UPLOAD_INVALID', names: id(own) }),
      )
      expect((await target.send('GET', own)).headers.range).toBe('0-0')
    })
  })

  it.each([
    { what: 'of nobody', uploadId: unknownId },
    { what: 'that is no id', uploadId: 'not-an-id' },
    { what: 'with a way up', uploadId: '%2e%2e%2f%2e%2e' },
    { what: 'with a zero byte', uploadId: '%00' },
  ])('for an upload $what: 404', async ({ uploadId }) => {
    for (const method of ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE']) {
      const path = `/v2/${soundRepository}/blobs/uploads/${uploadId}?_state=x&digest=${hello.digest}`
      expect(await target.told(rawRequest(method, path))).toMatchObject(refusal({ status: 404 }))
    }
  })
})
