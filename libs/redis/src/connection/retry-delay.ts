const maxDelayMs = 5000

/**
 * How long to wait before the next attempt: grows to five seconds, and is not the same for all who lost one server.
 *
 * @param times attempts that failed, 1 or more
 */
export function retryDelayMs(times: number, random: () => number = Math.random): number {
  return Math.min(50 * 2 ** Math.min(times - 1, 10), maxDelayMs) * (0.5 + random() / 2)
}
