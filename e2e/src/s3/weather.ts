import type { SeededRandom } from '../seeded-random.ts'

/** What one request in ten meets on its way to a store, of all that networks and stores do. */
export function weather(random: SeededRandom) {
  return () => (random.between(0, 10) === 0 ? mishap(random) : ('pass' as const))
}

/** A fate of `FaultyProxy`'s. */
function mishap(random: SeededRandom) {
  switch (random.between(0, 7)) {
    case 0:
      return { status: 500, code: 'InternalError' }
    case 1:
      return { status: 503, code: 'SlowDown' }
    case 2:
      return { delayMs: random.between(10, 1000) }
    case 3:
      return 'cut' as const
    case 4:
      return 'lose answer' as const
    case 5:
      return { cutRequestAfter: anySize(random) }
    default:
      return { cutAfter: anySize(random) }
  }
}

/** Of what is small and of what is large alike, up to 4 MiB. */
function anySize(random: SeededRandom): number {
  return random.between(0, 2 ** random.between(1, 23))
}
