import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseContentRange } from './content-range.ts'

describe('parseContentRange', () => {
  it.each([
    ['0-0', { start: 0, end: 1 }],
    ['3-22', { start: 3, end: 23 }],
    ['bytes 3-22', { start: 3, end: 23 }],
    ['bytes 3-22/23', { start: 3, end: 23 }],
    ['bytes 3-22/*', { start: 3, end: 23 }],
    ['bytes=3-22', { start: 3, end: 23 }],
    [' 3-22 ', { start: 3, end: 23 }],
  ])('reads %s', (text, range) => {
    expect(parseContentRange(text)).toEqual(range)
  })

  it.each([
    '',
    '-',
    '5',
    '5-',
    '-5',
    '5-2',
    'a-b',
    '0x1-0x2',
    '1.5-2',
    '0--1',
    '0-1,2-3',
    'bytes */11',
    'items 0-1',
    '0-9007199254740991',
    `0-${'9'.repeat(400)}`,
  ])('refuses %j', (text) => {
    expect(parseContentRange(text)).toBeUndefined()
  })

  it('reads what it is to be written as', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 40 }), (start, size) => {
        expect(parseContentRange(`${start}-${start + size - 1}`)).toEqual({ start, end: start + size })
      }),
    )
  })
})
