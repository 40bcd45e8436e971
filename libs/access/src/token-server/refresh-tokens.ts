import { compactVerify } from 'jose'
import type { MarkedUsers } from '../users.ts'
import { signToken } from './signing-key.ts'
import type { SigningKeys } from './signing-keys.ts'

export interface RefreshTokensOptions {
  readonly keys: SigningKeys
  /** The token server, as tokens name it. */
  readonly issuer: string
  readonly users: MarkedUsers | undefined
  /** 0: there are none. */
  readonly lifetimeMs: number
  readonly nowMs?: () => number
}

const type = 'refresh+jwt'

interface RefreshClaims {
  readonly iss?: unknown
  readonly sub?: unknown
  readonly exp?: unknown
  readonly mark?: unknown
}

/**
 * Tokens by which clients ask for others without a password: until it is another one, or the user is gone. No registry
 * takes them for what it is shown: they have another type, and no audience.
 */
export class RefreshTokens {
  readonly #options: RefreshTokensOptions
  readonly #nowMs: () => number

  constructor(options: RefreshTokensOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
  }

  /** @returns `undefined`: there are none, or none for this user */
  make(user: string): string | undefined {
    const { keys, issuer, users, lifetimeMs } = this.#options
    const mark = users?.markOf(user)
    if (lifetimeMs === 0 || mark === undefined) return undefined
    const now = Math.floor(this.#nowMs() / 1000)
    const exp = now + Math.floor(lifetimeMs / 1000)
    return signToken(keys.signing(), type, { iss: issuer, sub: user, iat: now, exp, mark })
  }

  /** @returns the user, or what is wrong with it */
  async verify(token: string): Promise<string | { readonly invalid: string }> {
    const { keys, issuer, users } = this.#options
    const claims = await this.#claims(token, keys)
    if (claims === undefined) return { invalid: 'it is no refresh token of this server’s' }
    const { iss, sub, exp, mark } = claims
    if (iss !== issuer || typeof sub !== 'string' || typeof exp !== 'number')
      return { invalid: 'it is no refresh token of this server’s' }
    if (this.#nowMs() >= exp * 1000) return { invalid: 'it has expired' }
    const current = users?.markOf(sub)
    return current !== undefined && current === mark ? sub : { invalid: 'the user is gone, or has another password' }
  }

  async #claims(token: string, keys: SigningKeys): Promise<RefreshClaims | undefined> {
    try {
      const { payload, protectedHeader } = await compactVerify(token, (header) => {
        const found = header.typ === type ? keys.find(header) : undefined
        if (found === undefined || found.alg !== header.alg) throw new Error('no key of this server’s')
        return found.key
      })
      if (protectedHeader.typ !== type) return undefined
      return JSON.parse(Buffer.from(payload).toString('utf8')) as RefreshClaims
    } catch {
      return undefined
    }
  }
}
