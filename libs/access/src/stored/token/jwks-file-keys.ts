import type { WatchedFile } from '../watched-file.ts'
import { isTrusted, type TokenHeader, type TokenKeys, type TrustedKey } from './token-keys.ts'

/** Trusts the keys of a file that holds a JSON Web Key Set, by the ids that it gives them. */
export class JwksFileKeys implements TokenKeys {
  readonly #file: WatchedFile<ReadonlyMap<string, TrustedKey>>
  readonly #nowMs: () => number

  constructor(file: WatchedFile<ReadonlyMap<string, TrustedKey>>, nowMs: () => number = Date.now) {
    this.#file = file
    this.#nowMs = nowMs
  }

  get generation(): unknown {
    return this.#file.value
  }

  find(header: TokenHeader): TrustedKey | undefined {
    return findById(this.#file.value, header, this.#nowMs())
  }
}

/** A token that shows a certificate is not asked for an id as well; one that shows a key is known by that key's. */
export function findById(
  keys: ReadonlyMap<string, TrustedKey>,
  { x5c, jwk, kid }: TokenHeader,
  nowMs: number,
): TrustedKey | undefined {
  if (x5c !== undefined) return undefined
  const shown = typeof jwk === 'object' && jwk !== null ? (jwk as { readonly kid?: unknown }).kid : undefined
  const id = jwk === undefined ? kid : shown
  const key = typeof id === 'string' ? keys.get(id) : undefined
  return key !== undefined && isTrusted(key, nowMs) ? key : undefined
}
