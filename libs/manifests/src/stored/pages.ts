import type { Page, PageRequest } from '../listings.ts'

// All that is listed here is ASCII, so that comparing strings is comparing bytes.

/** Where the first entry greater than `last` stands. */
function indexAfter(sorted: readonly string[], last: string): number {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((sorted[middle] as string) <= last) from = middle + 1
    else to = middle
  }
  return from
}

export function pageOf<T extends string>(sorted: readonly T[], { last, limit }: PageRequest): Page<T> {
  const start = last === undefined ? 0 : indexAfter(sorted, last)
  const end = Math.min(sorted.length, start + (limit ?? sorted.length))
  const isWhole = start === 0 && end === sorted.length
  return { entries: isWhole ? sorted : sorted.slice(start, end), hasMore: end < sorted.length }
}

/** A page of what is not sorted, holding about twice what the page has, however many there are. */
export async function collectPage<T extends string>(
  entries: AsyncIterable<T>,
  { last, limit }: PageRequest,
): Promise<Page<T>> {
  const enough = limit === undefined ? Infinity : limit + 1
  const kept: T[] = []
  let greatest: T | undefined
  for await (const entry of entries) {
    if ((last !== undefined && entry <= last) || (greatest !== undefined && entry > greatest)) continue
    kept.push(entry)
    if (kept.length < enough * 2 + 64) continue
    kept.sort(byBytes)
    kept.length = enough
    greatest = kept.at(-1)
  }
  return pageOf(kept.sort(byBytes), limit === undefined ? {} : { limit })
}

export function byBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** The same array where the entry is in it already. */
export function withEntry<T extends string>(sorted: readonly T[], entry: T): readonly T[] {
  const index = indexAfter(sorted, entry)
  return sorted[index - 1] === entry ? sorted : sorted.toSpliced(index, 0, entry)
}

/** The same array where the entry is not in it. */
export function withoutEntry<T extends string>(sorted: readonly T[], entry: T): readonly T[] {
  const index = indexAfter(sorted, entry) - 1
  return sorted[index] === entry ? sorted.toSpliced(index, 1) : sorted
}
