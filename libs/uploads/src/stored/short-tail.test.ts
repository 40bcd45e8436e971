import type { Part } from '@berth/storage'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { separateShortTail, sizeOf } from './short-tail.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

/** What becomes of an upload to which chunks of these sizes are appended. */
function append(sizes: Iterable<number>): { parts: readonly Part[]; received: number; written: number; most: number } {
  let parts: readonly Part[] = []
  let received = 0
  let written = 0
  let most = 0
  for (const size of sizes) {
    const { kept, tail } = separateShortTail(parts)
    const part = { name: `part.${received}`, size: sizeOf(tail) + size }
    parts = [...kept, part]
    received += size
    written += part.size
    most = Math.max(most, parts.length)
  }
  expect(sizeOf(parts)).toBe(received)
  return { parts, received, written, most }
}

const repeated = (count: number, size: number): readonly number[] => Array.from({ length: count }, () => size)

describe('the parts of an upload', () => {
  it.each([
    ['6,000 chunks of one byte', repeated(6_000, 1), 14, 7],
    ['6,000 chunks of 1,000 bytes', repeated(6_000, 1_000), 14, 7],
    ['6,000 chunks, each a byte shorter than the one before', repeated(6_000, 0).map((_, at) => 6_000 - at), 24, 7],
    ['6,000 chunks, each a byte longer than the one before', repeated(6_000, 0).map((_, at) => at + 1), 24, 7],
    ['chunks that halve, again and again', repeated(6_000, 0).map((_, at) => 2 ** (19 - (at % 20))), 200, 3],
  ])('are few, and seldom written again, with %s', (_, sizes, mostParts, mostWritten) => {
    const { most, received, written } = append(sizes)
    expect(most).toBeLessThanOrEqual(mostParts)
    expect(written / received).toBeLessThanOrEqual(mostWritten)
  })

  it('are the chunks themselves, with chunks of 16 MiB up to 16 GiB', () => {
    const { parts, received, written } = append(repeated(1024, 16 * mebibyte))
    expect(parts).toHaveLength(1024)
    expect(written).toBe(received)
  })

  it('stay few with long chunks, too', () => {
    const { most, received, written } = append(repeated(100_000, mebibyte))
    expect(most).toBeLessThanOrEqual(1_100)
    expect(written / received).toBeLessThanOrEqual(5)
  })

  it('are seldom written again, whatever the sizes of chunks', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 4 * mebibyte }))
    fc.assert(
      fc.property(fc.array(size, { maxLength: 300, size: 'max' }), (sizes) => {
        const { received, written } = append(sizes)
        expect(written).toBeLessThanOrEqual(received * 40)
      }),
    )
  })

  it('are not written again before a chunk for the sake of one', () => {
    expect(separateShortTail([])).toEqual({ kept: [], tail: [] })
    const one = [{ name: 'a', size: 3 }]
    expect(separateShortTail(one)).toEqual({ kept: one, tail: [] })
  })
})
