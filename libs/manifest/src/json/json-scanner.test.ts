import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonScanner } from './json-scanner.ts'

const limits = { nesting: 10_000, values: Infinity, refusesLoneSurrogates: false }
const scannerOf = (text: string, changes: Partial<typeof limits> = {}) =>
  new JsonScanner(Buffer.from(text), { ...limits, ...changes })

function skipAll(text: string, changes: Partial<typeof limits> = {}): string | undefined {
  const scanner = scannerOf(text, changes)
  try {
    scanner.skip()
    scanner.end()
    return undefined
  } catch (error) {
    if (error instanceof RegistryError) return (error.detail as { reason: string }).reason
    throw error
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('a scanner of JSON', () => {
  it('accepts what JSON.parse accepts, and nothing else', () => {
    const tokens = ['{', '}', '[', ']', ',', ':', '"', '"a"', '\\', '\\u', '00', '0', '1', '-', '.', 'e', '+', 'true']
    const text = fc.oneof(
      fc.json(),
      fc
        .array(fc.constantFrom(...tokens, 'null', 'false', ' ', '\n', '\v', 'd83d', '\u{1f600}'))
        .map((all) => all.join('')),
    )
    const changed = fc.tuple(text, fc.nat(), fc.constantFrom(...tokens, '')).map(([whole, at, token]) => {
      const place = at % (whole.length + 1)
      return whole.slice(0, place) + token + whole.slice(place + 1)
    })
    fc.assert(
      fc.property(fc.oneof(text, changed), (each) => {
        const wellFormed = each.toWellFormed()
        expect(skipAll(wellFormed) === undefined).toBe(isJson(wellFormed))
      }),
      { numRuns: 2000 },
    )
  })

  it('reads texts and names as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, isEscaped) => {
        const wellFormed = text.toWellFormed()
        const json = JSON.stringify(wellFormed)
        const written = isEscaped ? json.replace(/\w/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`) : json
        fc.pre(isJson(written))
        const expected: unknown = JSON.parse(written)
        expect(scannerOf(` ${written}`).kind()).toBe('text')
        const scanner = scannerOf(`{${written} : ${written}}`)
        scanner.enter()
        const known = { text: wellFormed, bytes: Buffer.from(wellFormed) }
        expect(scanner.name([known])).toBe(expected)
        scanner.kind()
        expect(scanner.text()).toBe(expected)
        expect(scanner.next()).toBe(false)
      }),
    )
  })

  it.each([
    ['[[1]]', { nesting: 1 }, 'nested more than 1 levels deep'],
    ['[1,[2]]', { values: 3 }, 'more than 3 values'],
    ['["\\ud800"]', { refusesLoneSurrogates: true }, 'has text with half of a surrogate pair'],
    ['["\\ud800\\ud800"]', { refusesLoneSurrogates: true }, 'has text with half of a surrogate pair'],
    ['{"\\udc00":1}', { refusesLoneSurrogates: true }, 'has text with half of a surrogate pair'],
  ])('refuses %s beyond the limits %j', (text, changes, reason) => {
    expect(skipAll(text, changes)).toBe(reason)
    expect(skipAll(text)).toBeUndefined()
  })

  it('accepts whole surrogate pairs, and tells where JSON ends to be valid', () => {
    expect(skipAll('["\\ud83d\\ude00"]', { refusesLoneSurrogates: true })).toBeUndefined()
    expect(skipAll('{"a":1,}')).toBe('not valid JSON: unexpected byte at offset 7')
    expect(skipAll('{"a":')).toBe('not valid JSON: Unexpected end of JSON input')
  })

  it('passes over millions of values and levels without keeping any', () => {
    expect(skipAll(`[${'{},'.repeat(1_000_000)}{}]`)).toBeUndefined()
    expect(skipAll('['.repeat(1_000_000))).toBe('nested more than 10000 levels deep')
  })
})
