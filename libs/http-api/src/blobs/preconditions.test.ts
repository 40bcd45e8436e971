import { describe, expect, it } from 'vitest'
import { checkPreconditions, rangeCounts } from './preconditions.ts'

const etag = '"sha256:0123"'

describe('checkPreconditions', () => {
  it.each([
    ['nothing', {}, 'send'],
    ['the entity tag', { 'if-none-match': etag }, 'not modified'],
    ['the entity tag, weak', { 'if-none-match': `W/${etag}` }, 'not modified'],
    ['anything', { 'if-none-match': '*' }, 'not modified'],
    ['a list with the entity tag', { 'if-none-match': `"a", W/"b,c" ,${etag}` }, 'not modified'],
    ['a list without it', { 'if-none-match': '"a", "b"' }, 'send'],
    ['the digest without quotes', { 'if-none-match': 'sha256:0123' }, 'send'],
    ['an empty list', { 'if-none-match': '' }, 'send'],
  ] as const)('answers If-None-Match of %s', (_, headers, outcome) => {
    expect(checkPreconditions(headers, etag)).toBe(outcome)
  })

  it.each([
    ['the entity tag', { 'if-match': etag }, 'send'],
    ['anything', { 'if-match': '*' }, 'send'],
    ['a list with it', { 'if-match': `"x", ${etag}` }, 'send'],
    ['another', { 'if-match': '"x"' }, 'failed'],
    ['the entity tag, weak', { 'if-match': `W/${etag}` }, 'failed'],
    ['an empty list', { 'if-match': '' }, 'failed'],
    ['another, whatever If-None-Match says', { 'if-match': '"x"', 'if-none-match': etag }, 'failed'],
    ['the entity tag, then looks at If-None-Match', { 'if-match': etag, 'if-none-match': etag }, 'not modified'],
  ] as const)('answers If-Match of %s', (_, headers, outcome) => {
    expect(checkPreconditions(headers, etag)).toBe(outcome)
  })
})

describe('rangeCounts', () => {
  it.each([
    ['without If-Range', {}, true],
    ['for the same content', { 'if-range': etag }, true],
    ['not for other content', { 'if-range': '"x"' }, false],
    ['not for a weak entity tag', { 'if-range': `W/${etag}` }, false],
    ['not for a date, since blobs have none', { 'if-range': 'Sun, 22 Nov 2026 04:51:01 GMT' }, false],
  ])('holds %s', (_, headers, counts) => {
    expect(rangeCounts(headers, etag)).toBe(counts)
  })
})
