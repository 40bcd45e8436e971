import { describe, expect, it } from 'vitest'
import { retryDelayMs } from './retry-delay.ts'

describe('the delay before another attempt', () => {
  it.each([
    [1, 50],
    [2, 100],
    [5, 800],
    [8, 5000],
    [1_000_000, 5000],
  ])('after %i is between half of and all of %i ms', (times, longestMs) => {
    expect(retryDelayMs(times, () => 0)).toBe(longestMs / 2)
    expect(retryDelayMs(times, () => 1)).toBe(longestMs)
  })
})
