import { type Logger, RegistryError } from '@berth/errors'
import { getText } from './get-text.ts'
import { findById } from './jwks-file-keys.ts'
import { parseChangedJwks } from './parse-jwks.ts'
import { placeOf } from './place-of.ts'
import type { TokenHeader, TokenKeys, TrustedKey } from './token-keys.ts'

export interface JwksUrlKeysOptions {
  readonly url: string
  readonly log: Logger
  readonly nowMs?: () => number
  /** Gets the text behind the URL. */
  readonly get?: (url: string) => Promise<string>
}

/** Age from which the keys are requested again in the background. */
const freshMs = 5 * 60_000
/** Age from which no token is believed before the keys were requested again. */
const overdueMs = 2 * freshMs
/** How long known keys count while the server cannot be reached. */
const staleMs = 24 * 3_600_000
/** Minimum interval of requests, on average: an unknown key id is no reason to ask more often. */
const pauseMs = 10_000
/** Number of requests that may be made without that pause: keys may change just after they were requested. */
const spareAsks = 4

/**
 * Trusts the keys of a JSON Web Key Set that a server publishes. They are requested when the first token comes. A key that
 * the server no longer publishes counts for `overdueMs` at most, unless the server cannot be reached.
 */
export class JwksUrlKeys implements TokenKeys {
  readonly #options: JwksUrlKeysOptions
  readonly #nowMs: () => number
  #keys: ReadonlyMap<string, TrustedKey> = new Map()
  #text: string | undefined
  #gotAtMs = Number.NEGATIVE_INFINITY
  #spare = spareAsks
  #countedAtMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  constructor(options: JwksUrlKeysOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
  }

  get generation(): unknown {
    if (this.#text !== undefined && this.#ageMs > freshMs) void this.#refresh()
    this.#forgetStale()
    return this.#keys
  }

  /** @throws RegistryError UNAVAILABLE: no keys are known, since the server cannot be reached */
  async find(header: TokenHeader): Promise<TrustedKey | undefined> {
    if (this.#text !== undefined && this.#ageMs > freshMs) {
      const refreshed = this.#refresh()
      if (this.#ageMs > overdueMs) await refreshed
    }
    this.#forgetStale()
    let known = this.#find(header)
    if (known !== undefined) return known
    await this.#refresh()
    known = this.#find(header)
    if (known === undefined && this.#text === undefined)
      throw new RegistryError('UNAVAILABLE', { reason: 'the keys of tokens cannot be had now' })
    return known
  }

  get #ageMs(): number {
    return this.#nowMs() - this.#gotAtMs
  }

  #find(header: TokenHeader): TrustedKey | undefined {
    const now = this.#nowMs()
    const known = findById(this.#keys, header, now)
    if (known === undefined) return undefined
    const { trustedUntilMs = Number.POSITIVE_INFINITY } = known
    // After that, `find` must have the keys again, or know that the server cannot be reached.
    const decideAgainMs = this.#ageMs < overdueMs ? this.#gotAtMs + overdueMs : now + freshMs
    return { ...known, trustedUntilMs: Math.min(trustedUntilMs, decideAgainMs) }
  }

  #forgetStale(): void {
    if (this.#text === undefined || this.#ageMs <= staleMs) return
    this.#keys = new Map()
    this.#text = undefined
  }

  /** Never rejects: after a failure, the known keys stay known. */
  #refresh(): Promise<void> {
    if (this.#asking !== undefined) return this.#asking
    const now = this.#nowMs()
    this.#spare = Math.min(spareAsks, this.#spare + (now - this.#countedAtMs) / pauseMs)
    this.#countedAtMs = now
    if (this.#spare < 1) return Promise.resolve()
    this.#spare--
    this.#asking = this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  async #ask(): Promise<void> {
    const { url, log, get = getText } = this.#options
    try {
      const text = await get(url)
      if (text !== this.#text) {
        this.#keys = parseChangedJwks(text)
        this.#text = text
        log.info({ url: placeOf(url), keys: this.#keys.size }, 'loaded the token verification keys')
      }
      this.#gotAtMs = this.#nowMs()
    } catch (error) {
      log.error({ url: placeOf(url), err: error }, 'cannot load the token verification keys')
    }
  }
}
