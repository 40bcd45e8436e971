import type { ByteRange } from '@berth/bytes'
import { largestPart, leastPart, mostParts } from '../s3-settings.ts'

export interface Source {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/** A range of an object. */
export interface Slice {
  readonly source: Source
  readonly range: ByteRange
}

/** A part of the object that is joined: the store copies it, or, where pieces are too short for that, they are sent again. */
export type JoinStep = { readonly copy: Slice } | { readonly send: readonly Slice[] }

/**
 * How objects become one: the store copies ranges of those that are long enough to be parts, and what is too short is
 * sent again, with as much of what follows as makes a part of it.
 *
 * @param copySize of the ranges, bytes; more where there would be too many
 */
export function planJoin(sources: readonly Source[], copySize: number): readonly JoinStep[] {
  const filled = sources.filter(({ size }) => size > 0)
  const total = filled.reduce((sum, { size }) => sum + size, 0)
  // Half of the parts that there may be are left to those that are shorter.
  const rangeSize = Math.min(largestPart, Math.max(copySize, 2 * leastPart, Math.ceil(total / (mostParts / 2))))
  const steps: JoinStep[] = []
  let short: Slice[] = []
  let shortSize = 0
  const flush = (): void => {
    if (short.length > 0) steps.push({ send: short })
    short = []
    shortSize = 0
  }
  filled.forEach((source, index) => {
    const isLast = index === filled.length - 1
    let start = 0
    if (shortSize > 0) {
      const missing = leastPart - shortSize
      const rest = source.size - missing
      // What would be left too short to be a part goes along. The store takes no ranges of short objects.
      start = rest >= leastPart ? missing : source.size
      short.push({ source, range: { start: 0, end: start } })
      shortSize += start
      if (shortSize >= leastPart) flush()
    } else if (source.size < leastPart && !isLast) {
      short.push({ source, range: { start: 0, end: source.size } })
      shortSize = source.size
      return
    }
    for (const range of rangesOf({ start, end: source.size }, rangeSize)) steps.push({ copy: { source, range } })
  })
  flush()
  return steps
}

/** Ranges of much the same length, none longer than `size`. */
function rangesOf({ start, end }: ByteRange, size: number): readonly ByteRange[] {
  const count = Math.ceil((end - start) / size)
  const length = Math.ceil((end - start) / Math.max(1, count))
  return Array.from({ length: count }, (_, index) => ({
    start: start + index * length,
    end: Math.min(end, start + (index + 1) * length),
  }))
}
