import { scheduler } from 'node:timers/promises'

/** Between what one client asks and what it asks next. */
const pauseMs = 100

/** A store that nothing reaches: most requests are cut off, and some are never heard of again. Begins when it is made. */
export class Outage {
  readonly #beginMs = performance.now()
  readonly #endMs: number
  #requests = 0

  constructor(lastsMs: number) {
    this.#endMs = this.#beginMs + lastsMs
  }

  /** What becomes of requests, until somebody ends it. */
  readonly fate = () => {
    this.#requests += 1
    return this.#requests % 4 === 0 ? 'hang' : 'cut'
  }

  /** For how long it has lasted, in ms. */
  get ageMs(): number {
    return performance.now() - this.#beginMs
  }

  /** Asks again and again until it has lasted long enough. @returns how often was asked */
  async during(ask: () => Promise<unknown>): Promise<number> {
    let asked = 0
    for (; performance.now() < this.#endMs; await scheduler.wait(pauseMs)) {
      asked += 1
      await ask()
    }
    return asked
  }
}
