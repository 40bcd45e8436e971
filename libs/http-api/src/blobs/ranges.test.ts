import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseRanges } from './ranges.ts'

describe('chooseRanges of 11 bytes', () => {
  it.each([
    ['no header', undefined],
    ['a unit that is not known', 'items=0-4'],
    ['more bytes than there are, in overlapping pieces', 'bytes=0-,0-'],
  ])('takes %s as a wish for the whole', (_, header) => {
    expect(chooseRanges(header, 11)).toBe('whole')
  })

  it.each([
    ['a first and a last byte', 'bytes=0-4', [{ start: 0, end: 5 }]],
    ['one byte', 'bytes=10-10', [{ start: 10, end: 11 }]],
    ['no last byte', 'bytes=6-', [{ start: 6, end: 11 }]],
    ['a suffix', 'bytes=-5', [{ start: 6, end: 11 }]],
    ['a suffix that is longer than the content', 'bytes=-100', [{ start: 0, end: 11 }]],
    ['a last byte behind the end', 'bytes=0-100', [{ start: 0, end: 11 }]],
    ['numbers beyond any size', `bytes=3-${'9'.repeat(400)}`, [{ start: 3, end: 11 }]],
    ['the unit in upper case', 'BYTES=0-4', [{ start: 0, end: 5 }]],
    [
      'several',
      'bytes=0-1,3-4',
      [
        { start: 0, end: 2 },
        { start: 3, end: 5 },
      ],
    ],
    [
      'several, descending, with spaces and empty elements',
      'bytes= 3-4 ,, 0-1 ,',
      [
        { start: 3, end: 5 },
        { start: 0, end: 2 },
      ],
    ],
    [
      'adjacent ones, each for itself',
      'bytes=0-1,2-3',
      [
        { start: 0, end: 2 },
        { start: 2, end: 4 },
      ],
    ],
    ['one that is there and one that is not', 'bytes=0-1,100-', [{ start: 0, end: 2 }]],
  ])('reads %s', (_, header, ranges) => {
    expect(chooseRanges(header, 11)).toEqual(ranges)
  })

  it.each([
    ['what starts behind the end', 'bytes=100-'],
    ['what starts at the end', 'bytes=11-'],
    ['several that all start behind the end', 'bytes=11-12,100-'],
    ['a suffix of nothing', 'bytes=-0'],
    ['an end before its start', 'bytes=5-2'],
    ['an end before its start among good ones', 'bytes=0-1,5-2'],
    ['no range', 'bytes='],
    ['only commas', 'bytes=,,'],
    ['a bare dash', 'bytes=-'],
    ['a sign', 'bytes=+1-2'],
    ['a fraction', 'bytes=0.5-2'],
    ['a space within', 'bytes=0 -4'],
    ['no unit', 'junk'],
    ['a header that a proxy joined', 'bytes=0-1, bytes=3-4'],
  ])('refuses %s', (_, header) => {
    expect(chooseRanges(header, 11)).toBe('refused')
  })
})

describe('chooseRanges', () => {
  it.each([
    ['three that overlap', ['0-5', '4-8', '7-9']],
    ['many that overlap', Array.from({ length: 1024 }, (_, index) => `5-${index + 5}`)],
    ['many that are the same', Array.from({ length: 1024 }, () => '5-5')],
    ['many that descend', Array.from({ length: 17 }, (_, index) => `${100 - index}-${100 - index}`)],
    [
      'many, of which two overlap',
      Array.from({ length: 17 }, (_, index) => `${index * 2}-${index * 2 + (index === 3 ? 2 : 0)}`),
    ],
  ])('takes %s as a wish for the whole', (_, specs) => {
    expect(chooseRanges(`bytes=${specs.join(',')}`, 1_000_000)).toBe('whole')
  })

  it.each([
    ['two that overlap', ['0-5', '4-8']],
    ['sixteen that descend', Array.from({ length: 16 }, (_, index) => `${100 - index}-${100 - index}`)],
    [
      'many that ascend, next to each other',
      Array.from({ length: 1024 }, (_, index) => `${index * 10}-${index * 10 + 9}`),
    ],
  ])('reads %s', (_, specs) => {
    expect(chooseRanges(`bytes=${specs.join(',')}`, 1_000_000)).toHaveLength(specs.length)
  })

  it('takes more than 1024 ranges as a wish for the whole, and no fewer', () => {
    const rangesOf = (count: number): string =>
      Array.from({ length: count }, (_, index) => `${index}-${index}`).join(',')
    expect(chooseRanges(`bytes=${rangesOf(1024)}`, 5000)).toHaveLength(1024)
    expect(chooseRanges(`bytes=${rangesOf(1025)}`, 5000)).toBe('whole')
  })

  it.each(['bytes=0-4', 'bytes=-5', 'bytes=0-'])('has all of nothing for %s', (header) => {
    expect(chooseRanges(header, 0)).toBe('whole')
  })

  it('never chooses what is not there, nor more than the whole', () => {
    const spec = fc.oneof(
      fc.tuple(fc.nat(), fc.nat()).map(([first, last]) => `${first}-${last}`),
      fc.nat().map((first) => `${first}-`),
      fc.nat().map((length) => `-${length}`),
      fc.string(),
    )
    const headers = fc.array(spec, { maxLength: 20 }).map((specs) => `bytes=${specs.join(',')}`)
    fc.assert(
      fc.property(headers, fc.nat({ max: 3_000_000_000 }), (header, size) => {
        const choice = chooseRanges(header, size)
        if (typeof choice === 'string') return
        for (const { start, end } of choice) expect(start >= 0 && start < end && end <= size).toBe(true)
        expect(choice.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThanOrEqual(size)
      }),
    )
  })

  it('chooses exactly what is asked for where that is there', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.nat(), fc.nat(), (size, a, b) => {
        const [start, last] = [a % size, b % size].sort((one, other) => one - other) as [number, number]
        expect(chooseRanges(`bytes=${start}-${last}`, size)).toEqual([{ start, end: last + 1 }])
      }),
    )
  })
})
