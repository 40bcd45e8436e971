import { hash } from 'node:crypto'
import { LruCache } from '@berth/bytes'
import { compactVerify, decodeProtectedHeader } from 'jose'
import { LastShown } from '../last-shown.ts'
import { parseClaims, type TokenClaims } from './token-claims.ts'
import { isTrusted, type TokenHeader, type TokenKeys, type TrustedKey } from './token-keys.ts'

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

/** Why a token is invalid. Logged; never sent to the client. */
export class InvalidToken extends Error {
  override readonly name = 'InvalidToken'
  /** Whether signatures had to be verified to find out: work that one client could cause for others. */
  readonly tookWork: boolean

  constructor(
    message: string,
    { tookWork = false, cause }: { readonly tookWork?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.tookWork = tookWork
  }
}

/** Maximum length of all remembered valid tokens together, in characters. */
const maxRemembered = 16 * 1024 * 1024
/** Maximum number of remembered invalid tokens. */
const maxWrong = 10_000

/** What a verified token says, and until when its key is trusted: then the token is verified again. */
interface Verified extends Pick<TrustedKey, 'trustedUntilMs'> {
  readonly claims: TokenClaims
}

/**
 * Verifies each token once. The claims, or the reason why the token is invalid, are remembered under the token's digest
 * until the trusted keys change, or the token's key is no longer trusted.
 */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions
  readonly #nowMs: () => number
  readonly #verified = new LruCache<string, Verified>({ maxWeight: maxRemembered })
  // A cache of its own: made-up tokens evict no valid ones.
  readonly #wrong = new LruCache<string, string>({ maxWeight: maxWrong })
  #shown = new LastShown<Verified>()
  #generation: unknown

  constructor(options: TokenVerifierOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
  }

  /**
   * The claims of a token that was verified before.
   *
   * @param connection the one that the token came by
   * @returns `undefined`: it must be verified, for the first time or again
   * @throws InvalidToken it was found to be invalid, or is invalid by now
   * @throws RegistryError UNAVAILABLE: the keys cannot be had
   */
  recall(token: string, connection?: object): TokenClaims | undefined {
    this.#follow()
    const now = this.#nowMs()
    let known = this.#shown.recall(connection, token)
    if (known === undefined || !isTrusted(known, now)) {
      known = this.#recall(token)
      if (known === undefined || !isTrusted(known, now)) return undefined
      this.#shown.keep(connection, token, known)
    }
    this.#checkTimes(known.claims, now)
    return known.claims
  }

  #recall(token: string): Verified | undefined {
    const digest = digestOf(token)
    const known = this.#verified.get(digest)
    const reason = known === undefined ? this.#wrong.get(digest) : undefined
    if (reason !== undefined) throw new InvalidToken(reason)
    return known
  }

  /**
   * The claims of a token, after its signature and all else was verified.
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
    const read = await this.#read(token, found, alg)
    this.#follow()
    if (generation === this.#generation) this.#remember(token, read)
    if (read instanceof InvalidToken) throw read
    this.#checkTimes(read.claims, this.#nowMs())
    return read.claims
  }

  /** Everything about a token that stays true as long as its key is trusted. */
  async #read(token: string, { key, trustedUntilMs }: TrustedKey, alg: string): Promise<Verified | InvalidToken> {
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
    return { claims, ...(trustedUntilMs !== undefined && { trustedUntilMs }) }
  }

  #remember(token: string, read: Verified | InvalidToken): void {
    const digest = digestOf(token)
    if (read instanceof InvalidToken) this.#wrong.set(digest, read.message)
    else this.#verified.set(digest, read, token.length)
  }

  /** Forgets everything if other keys may be trusted than before. */
  #follow(): void {
    const { generation } = this.#options.keys
    if (generation === this.#generation) return
    this.#generation = generation
    this.#verified.clear()
    this.#wrong.clear()
    this.#shown = new LastShown()
  }

  #checkTimes({ notBefore, expires }: TokenClaims, now: number): void {
    const { leewayMs } = this.#options
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
