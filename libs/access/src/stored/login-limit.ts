import { LruCache } from '@berth/bytes'
import { networkOf } from '../network-of.ts'

export interface LoginLimitOptions {
  /** How many logins of one user may fail from one address in a minute, and so many at once; 0 for any number. */
  readonly failuresPerMinute: number
  readonly nowMs?: () => number
}

/** Of all users together, from one address: many may share it. */
const usersOfAddress = 10
/** How many addresses, and how many users at them, are counted at a time; of more, the longest untouched are forgotten. */
const maxCounted = 20_000

interface Count {
  /** Failures that still count. */
  failures: number
  atMs: number
}

/** Failures by whom they are counted for; each is forgotten bit by bit in a minute. */
class Failures {
  readonly #perMinute: number
  readonly #nowMs: () => number
  readonly #counts = new LruCache<string, Count>({ maxWeight: maxCounted })

  constructor(perMinute: number, nowMs: () => number) {
    this.#perMinute = perMinute
    this.#nowMs = nowMs
  }

  /** How long until there may be one more; `undefined`: now. */
  waitMs(key: string): number | undefined {
    const perMinute = this.#perMinute
    const failures = this.#current(key)?.failures ?? 0
    return failures + 1 > perMinute ? Math.ceil(((failures + 1 - perMinute) * 60_000) / perMinute) : undefined
  }

  add(key: string): void {
    const count = this.#current(key)
    if (count === undefined) this.#counts.set(key, { failures: 1, atMs: this.#nowMs() })
    // What was on its way already, when there were enough, is not waited for longer.
    else count.failures = Math.min(this.#perMinute, count.failures + 1)
  }

  takeBack(key: string): void {
    const count = this.#current(key)
    if (count !== undefined) count.failures = Math.max(0, count.failures - 1)
  }

  #current(key: string): Count | undefined {
    const count = this.#counts.get(key)
    if (count === undefined) return undefined
    const now = this.#nowMs()
    count.failures = Math.max(0, count.failures - ((now - count.atMs) * this.#perMinute) / 60_000)
    count.atMs = now
    return count
  }
}

/**
 * Counts logins that fail, by where they come from. A login counts as failed until it succeeded, so that many at once
 * are no way around it. Users are not counted by themselves: anybody could lock them out.
 */
export class LoginLimit {
  readonly #isOff: boolean
  // Apart, and users only where their address may go on: nobody fills both with names that he makes up.
  readonly #ofAddresses: Failures
  readonly #ofUsers: Failures

  constructor({ failuresPerMinute, nowMs = Date.now }: LoginLimitOptions) {
    this.#isOff = failuresPerMinute === 0
    this.#ofAddresses = new Failures(failuresPerMinute * usersOfAddress, nowMs)
    this.#ofUsers = new Failures(failuresPerMinute, nowMs)
  }

  /** To be called before a password is looked at. @returns how long to wait first; `undefined`: go ahead */
  begin(source: string, name: string): number | undefined {
    if (this.#isOff) return undefined
    const network = networkOf(source)
    const user = userKey(network, name)
    const waitMs = this.#ofAddresses.waitMs(network) ?? this.#ofUsers.waitMs(user)
    if (waitMs !== undefined) return waitMs
    this.#ofAddresses.add(network)
    this.#ofUsers.add(user)
    return undefined
  }

  /** A login that began was none that failed. */
  succeeded(source: string, name: string): void {
    if (this.#isOff) return
    const network = networkOf(source)
    this.#ofAddresses.takeBack(network)
    this.#ofUsers.takeBack(userKey(network, name))
  }

  /**
   * How long an address has to wait before it may show another token, which nobody guesses; `undefined`: go ahead.
   * Where it is none, that is one that `failed`.
   */
  waitMs(source: string): number | undefined {
    return this.#isOff ? undefined : this.#ofAddresses.waitMs(networkOf(source))
  }

  failed(source: string): void {
    if (!this.#isOff) this.#ofAddresses.add(networkOf(source))
  }
}

const userKey = (network: string, name: string): string => `${network} ${name.slice(0, 255)}`
