import type { AccessController, AccessDecision, AccessRequest, DenialReason } from '../../access-controller.ts'
import type { Access } from '../../access.ts'
import type { BearerChallenge } from '../../challenge.ts'
import type { LoginLimit } from '../login-limit.ts'
import type { TokenClaims } from './token-claims.ts'
import { InvalidToken, TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts'

export interface TokenAccessOptions extends TokenVerifierOptions {
  /** The URL of the token server, for clients. */
  readonly realm: string
  /** Where that is at the registry's own host, by its path: then the realm is made for each client. */
  readonly redirectPath?: string | undefined
  /** How a client came there, where no proxy says so. Default: https. */
  readonly scheme?: 'http' | 'https' | undefined
  /** By which tokens that are none are counted, as logins that fail. */
  readonly limit: LoginLimit
}

/** Grants what a token of the token server says. @see Docker Registry token authentication */
export class TokenAccess implements AccessController {
  readonly #options: TokenAccessOptions
  readonly #verifier: TokenVerifier

  constructor(options: TokenAccessOptions) {
    this.#options = options
    this.#verifier = new TokenVerifier(options)
  }

  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision> {
    const token = bearerOf(request.authorization)
    if (token === undefined) return this.#deny(request, 'no credentials')
    try {
      const claims = this.#verifier.recall(token, request.connection)
      if (claims !== undefined) return this.#decision(request, claims)
    } catch (error) {
      return this.#refuse(request, error)
    }
    const retryAfterMs = this.#options.limit.waitMs(request.source)
    return retryAfterMs === undefined ? this.#verify(request, token) : { outcome: 'limited', retryAfterMs }
  }

  async #verify(request: AccessRequest, token: string): Promise<AccessDecision> {
    try {
      return this.#decision(request, await this.#verifier.verify(token))
    } catch (error) {
      if (error instanceof InvalidToken && error.tookWork) this.#options.limit.failed(request.source)
      return this.#refuse(request, error)
    }
  }

  #decision(request: AccessRequest, claims: TokenClaims): AccessDecision {
    const identity = { name: claims.subject }
    if (request.accesses.every((access) => isGranted(claims, access))) return { outcome: 'granted', identity }
    return { ...this.#deny(request, 'insufficient scope', 'insufficient_scope'), identity }
  }

  #refuse(request: AccessRequest, error: unknown): AccessDecision {
    if (!(error instanceof InvalidToken)) throw error
    return { ...this.#deny(request, 'invalid credentials', 'invalid_token'), detail: error.message }
  }

  #deny(request: AccessRequest, reason: DenialReason, error?: BearerChallenge['error']) {
    const { service } = this.#options
    const challenge: BearerChallenge = {
      scheme: 'Bearer',
      realm: this.#realm(request),
      service,
      accesses: request.accesses,
      ...(error !== undefined && { error }),
    }
    return { outcome: 'denied', reason, challenge } as const
  }

  #realm({ host, scheme = this.#options.scheme ?? 'https' }: AccessRequest): string {
    const { realm, redirectPath } = this.#options
    return redirectPath === undefined || host === undefined ? realm : `${scheme}://${host}${redirectPath}`
  }
}

function isGranted({ access }: TokenClaims, { type, name, action }: Access): boolean {
  const actions = access.get(`${type}:${name}`)
  return actions !== undefined && (actions.has(action) || actions.has('*'))
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer ([^ ]+)$/i.exec(authorization ?? '')?.[1]
}
