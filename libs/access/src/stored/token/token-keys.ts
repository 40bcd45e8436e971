import type { KeyObject } from 'node:crypto'

/** What the header of a token says of the key that signed it. Nothing of it is to be believed. */
export interface TokenHeader {
  readonly alg?: unknown
  readonly kid?: unknown
  readonly jwk?: unknown
  readonly x5c?: unknown
}

/** A key that tokens may be signed with. */
export interface TrustedKey {
  readonly key: KeyObject
  /** The only algorithm it is for, where there is only one. */
  readonly alg?: string
  /**
   * Milliseconds since 1970: from then on the key is no longer trusted, or `find` must decide again. Without it, trust
   * ends only with the generation.
   */
  readonly trustedUntilMs?: number
}

/** Whether a key is still trusted. */
export function isTrusted({ trustedUntilMs }: Pick<TrustedKey, 'trustedUntilMs'>, nowMs: number): boolean {
  return trustedUntilMs === undefined || nowMs < trustedUntilMs
}

/** The keys that a registry trusts to sign tokens. */
export interface TokenKeys {
  /** The key that a token says it is signed with, if that one is trusted. */
  find(header: TokenHeader): TrustedKey | undefined | Promise<TrustedKey | undefined>
  /**
   * The same for as long as all keys that were found are trusted, apart from their `trustedUntilMs`: when it changes, so
   * may the answers.
   *
   * @throws RegistryError UNAVAILABLE: it cannot be told which keys are trusted
   */
  readonly generation: unknown
}

/** The keys of several sources, which are asked in their order. */
export class AnyTokenKeys implements TokenKeys {
  readonly #sources: readonly TokenKeys[]
  #generations: readonly unknown[] = []

  constructor(sources: readonly TokenKeys[]) {
    this.#sources = sources
  }

  get generation(): unknown {
    const known = this.#generations
    const sources = this.#sources
    for (let at = 0; at < sources.length; at++) {
      if (sources[at]?.generation === known[at]) continue
      this.#generations = sources.map(({ generation }) => generation)
      break
    }
    return this.#generations
  }

  async find(header: TokenHeader): Promise<TrustedKey | undefined> {
    for (const source of this.#sources) {
      const found = await source.find(header)
      if (found !== undefined) return found
    }
    return undefined
  }
}
