import { describe, expect, it } from 'vitest'
import { lastOf, nextPageLink, parsePageSize } from './paging.ts'

describe('the size of a page', () => {
  it.each([
    ['', undefined],
    ['n=', undefined],
    ['n=0', 0],
    ['n=10', 10],
    ['n=10&n=x', 10],
    ['n=99999999999999999999', 1e20],
  ])('in %j is %j', (query, size) => {
    expect(parsePageSize(new URLSearchParams(query))).toBe(size)
  })

  it.each(['-1', 'foo', '1.5', '1e3', '0x10', ' 1', '+1', '１'])('may not be %j', (n) => {
    expect(() => parsePageSize(new URLSearchParams({ n }))).toThrow('invalid number of results requested')
  })
})

it('an empty `last` is none', () => {
  expect(lastOf(new URLSearchParams('last='))).toEqual({})
  expect(lastOf(new URLSearchParams('last=foo%2Fbar'))).toEqual({ last: 'foo/bar' })
})

it('the link to the next page is form-encoded, in the order of its keys', () => {
  expect(nextPageLink('/v2/_catalog', { n: '2', last: 'foo/bar' })).toEqual([
    'Link',
    '</v2/_catalog?last=foo%2Fbar&n=2>; rel="next"',
  ])
})
