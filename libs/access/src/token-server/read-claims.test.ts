import { describe, expect, it } from 'vitest'
import { readClaims } from './read-claims.ts'

const read = (payload: Record<string, unknown>, named: Record<string, string> = {}) =>
  Object.fromEntries(readClaims(payload, named))

describe('claims', () => {
  it('are what a token says, as texts', () => {
    expect(read({ sub: 'a', n: 1, ok: true, groups: ['x', 2, null, {}], deep: { a: 'b' }, none: null })).toEqual({
      sub: ['a'],
      n: ['1'],
      ok: ['true'],
      groups: ['x', '2'],
      deep: [],
      none: [],
    })
  })

  it.each([
    ['/kubernetes.io/namespace', ['team-a']],
    ['/kubernetes.io/serviceaccount/name', ['builder']],
    ['/a~1b/c~0d', ['e']],
    ['sub', ['s']],
    ['/kubernetes.io/none', []],
    ['/kubernetes.io', []],
    ['/constructor/name', []],
    ['/sub/length', []],
  ])('may have a name for %s', (pointer, expected) => {
    const payload = {
      sub: 's',
      'kubernetes.io': { namespace: 'team-a', serviceaccount: { name: 'builder' } },
      'a/b': { 'c~d': 'e' },
    }
    expect(read(payload, { named: pointer })['named']).toEqual(expected)
  })

  it('of a name are never another claim’s, where what it stands for is missing', () => {
    expect(read({ namespace: 'mine' }, { namespace: '/kubernetes.io/namespace' })).toEqual({ namespace: [] })
  })
})
