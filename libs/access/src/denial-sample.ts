import { networkOf } from './network-of.ts'

const minuteMs = 60_000
/** Denials in a minute that are told one by one. */
const maxOfSource = 20
const maxOfAll = 1000

/** Chooses which denials are told, so that nobody who is denied all the time fills the log. The others are counted. */
export class DenialSample {
  readonly #nowMs: () => number
  /** By where they came from, those that were told in this minute. */
  readonly #told = new Map<string, number>()
  #toldOfAll = 0
  #untold = 0
  #endsAtMs = 0

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /**
   * @param source the client's address
   * @returns to be told, and with it how many were not since the last that was; `undefined`: this is one of those
   */
  take(source: string): number | undefined {
    const now = this.#nowMs()
    if (now >= this.#endsAtMs) {
      this.#told.clear()
      this.#toldOfAll = 0
      this.#endsAtMs = now + minuteMs
    }
    const network = networkOf(source)
    const told = this.#told.get(network) ?? 0
    if (told >= maxOfSource || this.#toldOfAll >= maxOfAll) {
      this.#untold++
      return undefined
    }
    this.#told.set(network, told + 1)
    this.#toldOfAll++
    return this.takeUntold()
  }

  /** To be told with something else. @returns how many were not told since the last that was */
  takeUntold(): number {
    const untold = this.#untold
    this.#untold = 0
    return untold
  }
}
