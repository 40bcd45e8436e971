import { hash, type KeyObject } from 'node:crypto'
import { LruCache } from '@berth/bytes'
import { compactVerify, decodeProtectedHeader } from 'jose'
import { LastShown } from '../last-shown.ts'
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
  /** Whether it took signatures to find out, which are work that somebody could make for others. */
  readonly tookWork: boolean

  constructor(
    message: string,
    { tookWork = false, cause }: { readonly tookWork?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.tookWork = tookWork
  }
}

/** Characters of all tokens that are remembered, about. */
const maxRemembered = 16 * 1024 * 1024
/** Tokens that are remembered because they are none. */
const maxWrong = 10_000

/** Verifies tokens, once each: what they say, or why they are none, is remembered by a digest for as long as it is so. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions
  readonly #nowMs: () => number
  readonly #verified = new LruCache<string, TokenClaims>({ maxWeight: maxRemembered })
  // Apart, so that whoever makes tokens up does not make those forgotten that are good.
  readonly #wrong = new LruCache<string, string>({ maxWeight: maxWrong })
  #shown = new LastShown<TokenClaims>()
  #generation: unknown

  constructor(options: TokenVerifierOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
  }

  /**
   * What a token says, where it was verified before.
   *
   * @param connection the one that it came by
   * @returns `undefined`: it was not
   * @throws InvalidToken it was, and it is none, or none any more
   * @throws RegistryError UNAVAILABLE: the keys cannot be had
   */
  recall(token: string, connection?: object): TokenClaims | undefined {
    this.#follow()
    const known = this.#shown.recall(connection, token) ?? this.#recall(token)
    if (known === undefined) return undefined
    this.#checkTimes(known)
    this.#shown.keep(connection, token, known)
    return known
  }

  #recall(token: string): TokenClaims | undefined {
    const digest = digestOf(token)
    const known = this.#verified.get(digest)
    const reason = known === undefined ? this.#wrong.get(digest) : undefined
    if (reason !== undefined) throw new InvalidToken(reason)
    return known
  }

  /**
   * What a token says, where that is to be believed.
   *
   * @throws InvalidToken
   * @throws RegistryError UNAVAILABLE: the keys cannot be had
   */
  async verify(token: string): Promise<TokenClaims> {
    this.#follow()
    const generation = this.#generation
    const { keys, algorithms } = this.#options
    const header = headerOf(token)
    const alg = String(header.alg)
    // Before any key is looked at: `none`, and whatever else nobody asked for.
    if (!algorithms.includes(alg)) throw new InvalidToken('signed with an algorithm that is not allowed')
    const found = await keys.find(header)
    // A certificate takes signatures to say no to; an id may only be newer than what is known of the keys.
    const tookWork = header.x5c !== undefined || header.jwk !== undefined
    if (found === undefined) throw new InvalidToken('signed with a key that is not trusted', { tookWork })
    if (found.alg !== undefined && found.alg !== alg)
      throw new InvalidToken('signed with an algorithm its key is not for')
    const read = await this.#read(token, found.key, alg)
    this.#follow()
    if (generation === this.#generation) this.#remember(token, read)
    if (read instanceof InvalidToken) throw read
    this.#checkTimes(read)
    return read
  }

  /** All of it that stays so for as long as the keys do. */
  async #read(token: string, key: KeyObject, alg: string): Promise<TokenClaims | InvalidToken> {
    const { issuer, service } = this.#options
    let claims: TokenClaims | undefined
    try {
      // jose refuses keys that are of another kind than the algorithm: a public key is never taken for a secret.
      const { payload } = await compactVerify(token, key, { algorithms: [alg] })
      claims = parseClaims(Buffer.from(payload).toString('utf8'))
    } catch (error) {
      return new InvalidToken('its signature is not that of its key', { tookWork: true, cause: error })
    }
    const wrong = (reason: string): InvalidToken => new InvalidToken(reason, { tookWork: true })
    if (claims === undefined) return wrong('its claims are malformed')
    if (claims.issuer !== issuer) return wrong('its issuer is another')
    if (!claims.audience.includes(service)) return wrong('its audience is another')
    return claims
  }

  #remember(token: string, read: TokenClaims | InvalidToken): void {
    const digest = digestOf(token)
    if (read instanceof InvalidToken) this.#wrong.set(digest, read.message)
    else this.#verified.set(digest, read, token.length)
  }

  /** Forgets everything where other keys may be trusted than before. */
  #follow(): void {
    const { generation } = this.#options.keys
    if (generation === this.#generation) return
    this.#generation = generation
    this.#verified.clear()
    this.#wrong.clear()
    this.#shown = new LastShown()
  }

  #checkTimes({ notBefore, expires }: TokenClaims): void {
    const { leewayMs } = this.#options
    const now = this.#nowMs()
    if (now > expires * 1000 + leewayMs) throw new InvalidToken('it has expired')
    if (now < notBefore * 1000 - leewayMs) throw new InvalidToken('it is not valid yet')
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}

function headerOf(token: string): TokenHeader {
  try {
    return decodeProtectedHeader(token)
  } catch (error) {
    throw new InvalidToken('it is malformed', { cause: error })
  }
}
