/** In a pattern: any run, an empty one too. */
export const run = Symbol('run')

/**
 * Whether all of `text` is what a pattern says. Only the last run is ever taken back, so it takes no more than the product
 * of both lengths.
 */
export function matchesRuns<P, T>(
  pattern: readonly (P | typeof run)[],
  text: ArrayLike<T>,
  fits: (expected: P, found: T) => boolean,
): boolean {
  let at = 0
  let from = -1
  let taken = 0
  let position = 0
  while (position < text.length) {
    const expected = pattern[at]
    if (expected === run) {
      from = ++at
      taken = position
    } else if (at < pattern.length && fits(expected as P, text[position] as T)) {
      at++
      position++
    } else if (from >= 0) {
      at = from
      position = ++taken
    } else return false
  }
  while (pattern[at] === run) at++
  return at === pattern.length
}
