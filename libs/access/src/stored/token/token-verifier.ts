import { hash } from 'node:crypto'
import { LruCache } from '@berth/bytes'
import { compactVerify, decodeProtectedHeader } from 'jose'
import { parseClaims, type TokenClaims } from './token-claims.ts'
import type { TokenHeader, TokenKeys } from './token-keys.ts'

export interface TokenVerifierOptions {
  readonly keys: TokenKeys
  readonly issuer: string
  /** The registry, as tokens name it: their audience. */
  readonly service: string
  /** The algorithms that tokens may be signed with. */
  readonly algorithms: readonly string[]
  /** How far clocks may be apart. */
  readonly leewayMs: number
  readonly nowMs?: () => number
}

/** Why a token is none: for the operator, and for no client. */
export class InvalidToken extends Error {
  override readonly name = 'InvalidToken'
}

/** Characters of all tokens that are remembered, about. */
const maxRemembered = 16 * 1024 * 1024

/** Verifies tokens, once each: those that were found good are remembered by a digest, until they expire. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions
  readonly #nowMs: () => number
  readonly #verified = new LruCache<string, TokenClaims>({ maxWeight: maxRemembered })
  #generation: unknown

  constructor(options: TokenVerifierOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
  }

  /**
   * What a token says, where that is to be believed.
   *
   * @throws InvalidToken at once, or in the promise
   * @throws RegistryError UNAVAILABLE: the keys cannot be had
   */
  verify(token: string): TokenClaims | Promise<TokenClaims> {
    this.#follow()
    const digest = hash('sha256', token, 'base64')
    const known = this.#verified.get(digest)
    if (known === undefined) return this.#verify(token, digest)
    this.#checkTimes(known)
    return known
  }

  async #verify(token: string, digest: string): Promise<TokenClaims> {
    const generation = this.#generation
    const { keys, algorithms } = this.#options
    const header = headerOf(token)
    const alg = String(header.alg)
    // Before any key is looked at: `none`, and whatever else nobody asked for.
    if (!algorithms.includes(alg)) throw new InvalidToken(`signed with an algorithm that is not allowed`)
    const found = await keys.find(header)
    if (found === undefined) throw new InvalidToken('signed with a key that is not trusted')
    if (found.alg !== undefined && found.alg !== alg)
      throw new InvalidToken('signed with an algorithm its key is not for')
    // jose refuses keys that are of another kind than the algorithm: a public key is never taken for a secret.
    const { payload } = await compactVerify(token, found.key, { algorithms: [alg] }).catch((error: unknown) => {
      throw new InvalidToken('its signature is not that of its key', { cause: error })
    })
    const claims = parseClaims(Buffer.from(payload).toString('utf8'))
    if (claims === undefined) throw new InvalidToken('its claims are malformed')
    this.#check(claims)
    this.#follow()
    if (generation === this.#generation) this.#verified.set(digest, claims, token.length)
    return claims
  }

  /** Forgets everything where other keys may be trusted than before. */
  #follow(): void {
    const { generation } = this.#options.keys
    if (generation === this.#generation) return
    this.#generation = generation
    this.#verified.clear()
  }

  #check(claims: TokenClaims): void {
    const { issuer, service } = this.#options
    if (claims.issuer !== issuer) throw new InvalidToken('its issuer is another')
    if (!claims.audience.includes(service)) throw new InvalidToken('its audience is another')
    this.#checkTimes(claims)
  }

  #checkTimes({ notBefore, expires }: TokenClaims): void {
    const { leewayMs } = this.#options
    const now = this.#nowMs()
    if (now > expires * 1000 + leewayMs) throw new InvalidToken('it has expired')
    if (now < notBefore * 1000 - leewayMs) throw new InvalidToken('it is not valid yet')
  }
}

function headerOf(token: string): TokenHeader {
  try {
    return decodeProtectedHeader(token)
  } catch (error) {
    throw new InvalidToken('it is malformed', { cause: error })
  }
}
