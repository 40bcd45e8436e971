export interface Backoff {
  /** The longest delay after one failure, in milliseconds. Each further failure doubles it. */
  readonly firstMs: number
  /** The longest delay after any number of failures, in milliseconds. */
  readonly longestMs: number
  /** The part of a delay, from 0 to 1, that is not random. Default: a half. */
  readonly certainPart?: number
}

/**
 * The delay before the next attempt, in milliseconds. A part of it is random, so that clients that failed together do
 * not return together.
 *
 * @param failures attempts in a row that failed, 1 or more
 * @param random gives a number from 0 to 1
 */
export function retryDelayMs(
  failures: number,
  { firstMs, longestMs, certainPart = 0.5 }: Backoff,
  random: () => number = Math.random,
): number {
  const longest = Math.min(longestMs, firstMs * 2 ** (failures - 1))
  return longest * (certainPart + (1 - certainPart) * random())
}
