import { type Logger, RegistryError } from '@berth/errors'
import { getText } from './get-text.ts'
import { findById } from './jwks-file-keys.ts'
import { parseJwks } from './parse-jwks.ts'
import { placeOf } from './place-of.ts'
import type { TokenHeader, TokenKeys, TrustedKey } from './token-keys.ts'

export interface JwksUrlKeysOptions {
  readonly url: string
  readonly log: Logger
  readonly nowMs?: () => number
  /** Gets the text behind the URL. */
  readonly get?: (url: string) => Promise<string>
}

/** After this they are asked for again, while those that are known still count. */
const freshMs = 5 * 60_000
/** For this long they count where they cannot be had again. */
const staleMs = 24 * 3_600_000
/** An id that nobody knows is no reason to ask more often than this, */
const pauseMs = 10_000
/** but for so many times: keys may change just after they were asked for. */
const spareAsks = 4

/** Trusts the keys of a JSON Web Key Set that a server publishes. They are asked for when the first token comes. */
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
    const age = this.#nowMs() - this.#gotAtMs
    if (age > freshMs && this.#text !== undefined) void this.#refresh()
    if (age > staleMs && this.#keys.size > 0) this.#keys = new Map()
    return this.#keys
  }

  /** @throws RegistryError UNAVAILABLE: there are none yet, since the server cannot be asked */
  async find(header: TokenHeader): Promise<TrustedKey | undefined> {
    const known = findById(this.#keys, header)
    if (known !== undefined) return known
    await this.#refresh()
    if (this.#keys.size === 0)
      throw new RegistryError('UNAVAILABLE', { reason: 'the keys of tokens cannot be had now' })
    return findById(this.#keys, header)
  }

  /** Never rejects: what was known stays known. */
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
      if (text !== this.#text || this.#keys.size === 0) {
        this.#keys = parseJwks(text)
        this.#text = text
        log.info({ url: placeOf(url), keys: this.#keys.size }, 'the keys of tokens were read')
      }
      this.#gotAtMs = this.#nowMs()
    } catch (error) {
      log.error({ url: placeOf(url), err: error }, 'the keys of tokens cannot be read')
    }
  }
}
