import { type ErrorCode, type ErrorDetail, RegistryError } from '@berth/errors'
import { describe, expect, it } from 'vitest'
import { renderFaults, renderText } from './errors.ts'

const faults: { readonly [C in ErrorCode]: [number, ErrorDetail[C]] } = {
  BLOB_UNKNOWN: [404, { digest: 'sha256:ab' }],
  BLOB_UPLOAD_INVALID: [404, { upload: 'u', reason: 'r' }],
  BLOB_UPLOAD_UNKNOWN: [404, { upload: 'u' }],
  DENIED: [403, { reason: 'r' }],
  DIGEST_INVALID: [400, { digest: 'd', reason: 'r' }],
  MANIFEST_BLOB_UNKNOWN: [400, { digest: 'd' }],
  MANIFEST_INVALID: [400, { reason: 'r' }],
  MANIFEST_UNKNOWN: [404, { name: 'n', reference: 'r' }],
  MANIFEST_UNVERIFIED: [400, { reason: 'r' }],
  NAME_INVALID: [400, { name: 'n', reason: 'r' }],
  NAME_UNKNOWN: [404, { name: 'n' }],
  PAGINATION_NUMBER_INVALID: [400, { n: '-1' }],
  RANGE_INVALID: [416, { range: '0-1', offset: 3 }],
  REQUEST_TIMEOUT: [408, { received: 9 }],
  SIZE_INVALID: [400, { announced: 1, received: 2 }],
  TAG_INVALID: [400, { tag: 't', reason: 'r' }],
  TOOMANYREQUESTS: [429, { retryAfterMs: 1500 }],
  UNAUTHORIZED: [401, null],
  UNAVAILABLE: [503, { reason: 'r' }],
  UNKNOWN: [500, undefined],
  UNSUPPORTED: [405, { reason: 'r' }],
}

describe('a fault', () => {
  it.each(Object.entries(faults))('of code %s has its status, its message and its detail', (code, [status, detail]) => {
    const fault = new RegistryError(code as ErrorCode, detail)
    const answer = renderFaults([fault])
    expect(answer.status).toBe(status)
    expect(answer.headers.slice(0, 2)).toEqual(['Content-Type', 'application/json'])
    const rendered = detail === undefined ? { code, message: fault.message } : { code, message: fault.message, detail }
    expect(answer.body).toBe(`${JSON.stringify({ errors: [rendered] })}\n`)
    expect(fault.message).not.toBe('')
  })

  it('of a size above a limit is 413', () => {
    expect(renderFaults([new RegistryError('SIZE_INVALID', { limit: 1 })]).status).toBe(413)
  })

  it('that passes says when to try again', () => {
    expect(renderFaults([new RegistryError('UNAVAILABLE', { reason: 'r' })]).headers).toContain('Retry-After')
    const limited = renderFaults([new RegistryError('TOOMANYREQUESTS', { retryAfterMs: 1500 })])
    expect(limited.headers.slice(2)).toEqual(['Retry-After', '2'])
  })
})

it('a fault’s detail repeats no more of what a client sent than a reader needs', () => {
  const commas = `bytes=${','.repeat(50_000)}`
  const { body } = renderFaults([
    new RegistryError('RANGE_INVALID', { range: commas, offset: 3 }),
    new RegistryError('UNAUTHORIZED', [{ Type: 'repository', Class: '', Name: 'n'.repeat(50_000), Action: 'pull' }]),
  ])
  expect(body.length).toBeLessThan(3000)
  const [range, access] = JSON.parse(body).errors
  expect(range.detail).toEqual({ range: `${commas.slice(0, 1024)}…`, offset: 3 })
  expect(access.detail[0]).toMatchObject({ Type: 'repository', Action: 'pull' })
})

it('several faults are one envelope, with the status of the first', () => {
  const { status, body } = renderFaults([
    new RegistryError('DIGEST_INVALID', { digest: 'asdf', reason: 'invalid checksum digest format' }),
    new RegistryError('MANIFEST_UNKNOWN', { name: 'foo', reference: 'latest' }),
  ])
  expect(status).toBe(400)
  expect(JSON.parse(body)).toEqual({
    errors: [
      {
        code: 'DIGEST_INVALID',
        message: 'provided digest did not match uploaded content',
        detail: { digest: 'asdf', reason: 'invalid checksum digest format' },
      },
      { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail: { name: 'foo', reference: 'latest' } },
    ],
  })
})

it('what is not of the API is told in plain text', () => {
  expect(renderText(404, '404 page not found')).toEqual({
    status: 404,
    headers: ['Content-Type', 'text/plain; charset=utf-8'],
    body: '404 page not found\n',
  })
})
