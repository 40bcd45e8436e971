import { LruCache } from '@berth/bytes'
import { networkOf } from './network-of.ts'

export interface LoginLimitOptions {
  /** How many logins of one user may fail from one address in a minute, and so many at once; 0 for any number. */
  readonly failuresPerMinute: number
  readonly nowMs?: () => number
}

/** Of all users together, from one address: many may share it. */
const usersOfAddress = 10
/** How many addresses, and users at them, are counted at a time; of more, those that failed longest ago are forgotten. */
const maxCounted = 20_000

interface Count {
  /** Failures that still count. */
  failures: number
  atMs: number
}

/**
 * Counts logins that fail, by where they come from. A login counts as failed until it succeeded, so that many at once
 * are no way around it. Users are not counted by themselves: anybody could lock them out.
 */
export class LoginLimit {
  readonly #perMinute: number
  readonly #nowMs: () => number
  readonly #counts = new LruCache<string, Count>({ maxWeight: maxCounted })

  constructor({ failuresPerMinute, nowMs = Date.now }: LoginLimitOptions) {
    this.#perMinute = failuresPerMinute
    this.#nowMs = nowMs
  }

  /** To be called before a password is looked at. @returns how long to wait first; `undefined`: go ahead */
  begin(source: string, name: string): number | undefined {
    if (this.#perMinute === 0) return undefined
    const ofAddress = this.#count(addressKey(source), this.#perMinute * usersOfAddress)
    const ofUser = this.#count(userKey(source, name), this.#perMinute)
    const waitMs = Math.max(
      this.#waitMs(ofAddress, this.#perMinute * usersOfAddress),
      this.#waitMs(ofUser, this.#perMinute),
    )
    if (waitMs > 0) return waitMs
    ofAddress.failures++
    ofUser.failures++
    return undefined
  }

  /** A login that began was none that failed. */
  succeeded(source: string, name: string): void {
    for (const key of [addressKey(source), userKey(source, name)]) {
      const count = this.#counts.get(key)
      if (count !== undefined) count.failures = Math.max(0, count.failures - 1)
    }
  }

  #count(key: string, perMinute: number): Count {
    const now = this.#nowMs()
    let count = this.#counts.get(key)
    if (count === undefined) {
      count = { failures: 0, atMs: now }
      this.#counts.set(key, count)
    }
    count.failures = Math.max(0, count.failures - ((now - count.atMs) * perMinute) / 60_000)
    count.atMs = now
    return count
  }

  #waitMs({ failures }: Count, perMinute: number): number {
    return Math.ceil(((failures + 1 - perMinute) * 60_000) / perMinute)
  }
}

const addressKey = (source: string): string => networkOf(source)
const userKey = (source: string, name: string): string => `${networkOf(source)} ${name.slice(0, 255)}`
