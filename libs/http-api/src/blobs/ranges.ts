import type { ByteRange } from '@berth/bytes'

/**
 * What a `Range` header asks of content: parts of it, in the order asked; `whole` where the header is to be ignored;
 * `refused` where nothing of it can be had, or it is no ranges-specifier at all.
 */
export type RangeChoice = readonly [ByteRange, ...ByteRange[]] | 'whole' | 'refused'

/** Maximum number of ranges: as many as containers/image asks for in one request when it pulls zstd:chunked layers. */
const maxRanges = 1024
/** Maximum number of ranges that are not in ascending order. */
const maxUnordered = 16
/** Maximum number of ranges that begin within another range. */
const maxOverlaps = 1

const otherUnit = /^(?!bytes=)[!#$%&'*+.^_`|~0-9a-z-]+=/i
const rangeSet = /^bytes=(.*)$/i
const rangeSpec = /^(\d*)-(\d*)$/

/**
 * Chooses what to send of `size` bytes. Parts are neither joined nor reordered: clients count them. A client gets the
 * whole, once, if its ranges together are more than that, if more than two overlap, or if many are not in ascending
 * order: such a set is a mistake or an attack, and the specification allows to ignore it.
 *
 * @see RFC 9110, sections 14.1.2 and 14.2; of what it leaves open, a malformed set is refused rather than ignored: the
 *   OCI conformance tests and Distribution's clients expect 416
 */
export function chooseRanges(header: string | undefined, size: number): RangeChoice {
  if (header === undefined || otherUnit.test(header)) return 'whole'
  const specs = rangeSet
    .exec(header)?.[1]
    ?.split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '')
  if (specs === undefined || specs.length === 0) return 'refused'
  if (specs.length > maxRanges) return 'whole'

  const ranges: ByteRange[] = []
  let total = 0
  for (const spec of specs) {
    const range = resolve(spec, size)
    if (range === 'malformed') return 'refused'
    if (range === 'outside') continue
    total += range.end - range.start
    ranges.push(range)
  }
  // Some clients add a range to every request; of nothing there is no part, so they get all of it.
  if (size === 0 || total > size || isAbusive(ranges)) return 'whole'
  const [first, ...rest] = ranges
  return first === undefined ? 'refused' : [first, ...rest]
}

function isAbusive(ranges: readonly ByteRange[]): boolean {
  const isAscending = ranges.every((range, index) => range.start >= (ranges[index - 1]?.end ?? 0))
  return !isAscending && (ranges.length > maxUnordered || overlapsIn(ranges) > maxOverlaps)
}

/** The number of ranges that begin within another range. */
function overlapsIn(ranges: readonly ByteRange[]): number {
  let end = 0
  let overlaps = 0
  for (const range of ranges.toSorted((one, other) => one.start - other.start)) {
    if (range.start < end) overlaps += 1
    end = Math.max(end, range.end)
  }
  return overlaps
}

function resolve(spec: string, size: number): ByteRange | 'malformed' | 'outside' {
  const match = rangeSpec.exec(spec)
  const [first, last] = [match?.[1], match?.[2]]
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'malformed'
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'outside' : { start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'malformed'
  if (start >= size) return 'outside'
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}
