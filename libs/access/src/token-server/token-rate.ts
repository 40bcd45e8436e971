import { LruCache } from '@berth/bytes'
import { networkOf } from '../network-of.ts'

export interface TokenRateOptions {
  /** Scopes per second and client network; 0: no limit. A token without scopes counts as one. */
  readonly perSecond: number
  readonly nowMs?: () => number
}

/** Burst: the scopes of this many seconds may be requested at once. */
const burstSeconds = 10
/** Maximum number of client networks that are counted at a time; beyond it, the least recent are forgotten. */
const maxCounted = 20_000

/**
 * Limits tokens per client network by the scopes that they are requested for: each scope is decided by the policy, which
 * takes time that other clients want, too.
 */
export class TokenRate {
  readonly #perSecond: number
  readonly #nowMs: () => number
  readonly #counts = new LruCache<string, { taken: number; atMs: number }>({ maxWeight: maxCounted })

  constructor({ perSecond, nowMs = Date.now }: TokenRateOptions) {
    this.#perSecond = perSecond
    this.#nowMs = nowMs
  }

  /**
   * Takes what a token for `scopes` scopes costs. One that costs more than the whole burst takes all of it.
   *
   * @returns how long to wait first, in milliseconds; `undefined`: go ahead
   */
  take(source: string, scopes = 1): number | undefined {
    const perSecond = this.#perSecond
    if (perSecond === 0) return undefined
    const now = this.#nowMs()
    const network = networkOf(source)
    const burst = perSecond * burstSeconds
    const count = this.#counts.get(network) ?? { taken: 0, atMs: now }
    const left = Math.max(0, count.taken - ((now - count.atMs) * perSecond) / 1000)
    const taken = left + Math.min(burst, Math.max(1, scopes))
    const excess = taken - burst
    if (excess > 0) return Math.ceil((excess * 1000) / perSecond)
    this.#counts.set(network, { taken, atMs: now })
    return undefined
  }
}
