import { LruCache } from '@berth/bytes'
import { networkOf } from '../network-of.ts'

export interface TokenRateOptions {
  /** How many one address may have in a second; 0 for any number. */
  readonly perSecond: number
  readonly nowMs?: () => number
}

/** So many seconds' tokens may be had at once. */
const burstSeconds = 10
/** How many addresses are counted at a time. */
const maxCounted = 20_000

/** Counts tokens by the address that asks for them: to sign one takes time that others want, too. */
export class TokenRate {
  readonly #perSecond: number
  readonly #nowMs: () => number
  readonly #counts = new LruCache<string, { taken: number; atMs: number }>({ maxWeight: maxCounted })

  constructor({ perSecond, nowMs = Date.now }: TokenRateOptions) {
    this.#perSecond = perSecond
    this.#nowMs = nowMs
  }

  /** Takes one. @returns how long to wait first; `undefined`: go ahead */
  take(source: string): number | undefined {
    const perSecond = this.#perSecond
    if (perSecond === 0) return undefined
    const now = this.#nowMs()
    const network = networkOf(source)
    const count = this.#counts.get(network) ?? { taken: 0, atMs: now }
    const taken = Math.max(0, count.taken - ((now - count.atMs) * perSecond) / 1000) + 1
    const excess = taken - perSecond * burstSeconds
    if (excess > 0) return Math.ceil((excess * 1000) / perSecond)
    this.#counts.set(network, { taken, atMs: now })
    return undefined
  }
}
