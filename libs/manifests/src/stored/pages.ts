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

export function pageOf<T extends string>(sorted: readonly T[], { last, limit, maxBytes }: PageRequest): Page<T> {
  const start = last === undefined ? 0 : indexAfter(sorted, last)
  const end = endWithin(sorted, start, Math.min(sorted.length, start + (limit ?? sorted.length)), maxBytes)
  const isWhole = start === 0 && end === sorted.length
  return { entries: isWhole ? sorted : sorted.slice(start, end), hasMore: end < sorted.length }
}

/** Collects a page of entries that are not sorted. Holds about twice what the page has, however many entries there are. */
export async function collectPage<T extends string>(
  entries: AsyncIterable<T>,
  { last, limit = Infinity, maxBytes = Infinity }: PageRequest,
): Promise<Page<T>> {
  const kept: T[] = []
  let keptBytes = 0
  let greatest: T | undefined
  for await (const entry of entries) {
    if ((last !== undefined && entry <= last) || (greatest !== undefined && entry > greatest)) continue
    kept.push(entry)
    keptBytes += bytesOf(entry)
    if (kept.length < 2 * limit + 64 && keptBytes < 2 * maxBytes + 16_384) continue
    kept.sort(byBytes)
    // One more than the page has tells that the page is not the last.
    kept.length = Math.min(kept.length, endWithin(kept, 0, Math.min(kept.length, limit), maxBytes) + 1)
    keptBytes = kept.reduce((sum, each) => sum + bytesOf(each), 0)
    greatest = kept.at(-1)
  }
  return pageOf(kept.sort(byBytes), {
    ...(limit !== Infinity && { limit }),
    ...(maxBytes !== Infinity && { maxBytes }),
  })
}

/** No entry that is listed here has more bytes, with its quotes and comma. */
const longestEntry = 260

/** Where a page that starts at `start` ends: at `end`, or before the first entry that `maxBytes` has no room for. */
function endWithin(sorted: readonly string[], start: number, end: number, maxBytes = Infinity): number {
  if ((end - start) * longestEntry <= maxBytes) return end
  let bytes = 0
  for (let index = start; index < end; index += 1) {
    bytes += bytesOf(sorted[index] as string)
    if (bytes > maxBytes && index > start) return index
  }
  return end
}

/** Bytes of an entry in a list of JSON. */
function bytesOf(entry: string): number {
  return entry.length + 3
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
