import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesText, parseTextPattern } from './text-pattern.ts'

const matches = (pattern: string, text: string): boolean => matchesText(parseTextPattern(pattern), text)

describe('a pattern of a text', () => {
  it.each([
    ['', [''], ['a']],
    ['a', ['a'], ['', 'aa', 'b']],
    ['*', ['', 'a', 'a\nb'], []],
    ['a*', ['a', 'ab'], ['', 'ba']],
    ['*a', ['a', 'ba'], ['ab']],
    ['a*a', ['aa', 'aba'], ['a', 'ab']],
    ['a*b*c', ['abc', 'axbxbxc'], ['acb', 'ac']],
    ['ab*ba', ['abba', 'abxba'], ['aba']],
    ['*ab*b', ['abb', 'xabxb'], ['ab']],
    [String.raw`\*`, ['*'], ['a', '']],
    [String.raw`\\*`, ['\\', '\\a'], ['*']],
    [String.raw`a\b`, [String.raw`a\b`], ['ab']],
  ])('%j is %j and not %j', (pattern, those, others) => {
    expect(those.filter((text) => !matches(pattern, text))).toEqual([])
    expect(others.filter((text) => matches(pattern, text))).toEqual([])
  })

  it('means what a regular expression with .* in place of each star means', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
    fc.assert(
      fc.property(letters, text, (pattern, each) => {
        expect(matches(pattern, each)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(each))
      }),
      { numRuns: 5000 },
    )
  })
})
