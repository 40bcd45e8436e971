import { setImmediate } from 'node:timers/promises'

/** Maximum time for which a long loop keeps the event loop from everything else, in milliseconds. */
const maxHeldMs = 10

/** Breaks of a long loop, in which the process does its other work. */
export class Breaks {
  #sinceMs = performance.now()

  get isDue(): boolean {
    return performance.now() - this.#sinceMs > maxHeldMs
  }

  async take(): Promise<void> {
    await setImmediate()
    this.#sinceMs = performance.now()
  }
}
