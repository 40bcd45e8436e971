import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Page, PageRequest } from '../listings.ts'
import { collectPage, pageOf, withEntry, withoutEntry } from './pages.ts'

const entry = fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '0', '-', '_', '.'), minLength: 1, maxLength: 3 })
const entries = fc.uniqueArray(entry, { maxLength: 300 })
const request: fc.Arbitrary<PageRequest> = fc.record(
  { last: entry, limit: fc.nat(20), maxBytes: fc.nat(200) },
  { requiredKeys: [] },
) as fc.Arbitrary<PageRequest>

/** What a page is, said as simply as can be. */
function expected(
  all: readonly string[],
  { last, limit = all.length, maxBytes = Infinity }: PageRequest,
): Page<string> {
  const after = [...all].sort().filter((each) => last === undefined || each > last)
  const entries: string[] = []
  for (const each of after.slice(0, limit)) {
    if (entries.length > 0 && JSON.stringify([...entries, each]).length - 1 > maxBytes) break
    entries.push(each)
  }
  return { entries, hasMore: after.length > entries.length }
}

async function* streamed(all: readonly string[]): AsyncGenerator<string> {
  yield* all
}

describe('a page', () => {
  it('has the entries after the last one, within the limits of their number and their bytes, and knows of more', () =>
    fc.assert(
      fc.property(entries, request, (all, page) => {
        expect(pageOf([...all].sort(), page)).toEqual(expected(all, page))
      }),
    ))

  it('is the same of entries that come in any order', () =>
    fc.assert(
      fc.asyncProperty(entries, request, async (all, page) => {
        expect(await collectPage(streamed(all), page)).toEqual(expected(all, page))
      }),
    ))

  it('of everything is the list itself, so that what is made of it can be remembered by it', () => {
    const all = ['a', 'b']
    expect(pageOf(all, {}).entries).toBe(all)
    expect(pageOf(all, { limit: 2 }).entries).toBe(all)
  })
})

describe('a sorted list', () => {
  it('gains and loses an entry in its place, and is left as it was', () =>
    fc.assert(
      fc.property(entries, entry, (all, one) => {
        const sorted: readonly string[] = Object.freeze([...all].sort())
        expect(withEntry(sorted, one)).toEqual([...new Set([...all, one])].sort())
        expect(withoutEntry(sorted, one)).toEqual(sorted.filter((each) => each !== one))
      }),
    ))
})
