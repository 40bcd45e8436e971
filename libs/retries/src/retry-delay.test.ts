import { describe, expect, it } from 'vitest'
import { retryDelayMs } from './retry-delay.ts'

const backoff = { firstMs: 50, longestMs: 5000 }

describe('the delay before another attempt', () => {
  it.each([
    [1, 50],
    [2, 100],
    [5, 800],
    [8, 5000],
    [1_000_000, 5000],
  ])('after %i is between half of and all of %i ms', (failures, longestMs) => {
    expect(retryDelayMs(failures, backoff, () => 0)).toBe(longestMs / 2)
    expect(retryDelayMs(failures, backoff, () => 1)).toBe(longestMs)
  })

  it.each([
    ['is random as a whole', 0, [0, 50, 100]],
    ['is not random at all', 1, [100, 100, 100]],
  ])('%s if its certain part is %d', (_, certainPart, delays) => {
    const delayFor = (random: number) => retryDelayMs(2, { ...backoff, certainPart }, () => random)
    expect([0, 0.5, 1].map(delayFor)).toEqual(delays)
  })
})
