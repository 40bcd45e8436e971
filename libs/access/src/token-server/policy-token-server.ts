import type { Logger } from '@berth/errors'
import type { Policy } from '../policy/policy.ts'
import { type LocalUser, nameOf, type Subject } from '../policy/subject.ts'
import type { LoginLimit } from '../stored/login-limit.ts'
import { InvalidToken } from '../stored/token/token-verifier.ts'
import type { LimitedTokens, RefusedToken, TokenAnswer, TokenRequest, TokenServer } from '../token-server.ts'
import type { MarkedUsers } from '../users.ts'
import { grantScopes } from './grant-scopes.ts'
import { claimedIssuer, type IdentityIssuer } from './identity-issuer.ts'
import { Refusals } from './refusals.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import { signToken } from './signing-key.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { TokenRate } from './token-rate.ts'

export interface PolicyTokenServerOptions {
  /** The registry, as tokens name it. */
  readonly service: string
  /** This server, as tokens name it. */
  readonly issuer: string
  readonly keys: SigningKeys
  readonly policy: { readonly value: Policy }
  /** None: nobody has a password. */
  readonly users: MarkedUsers | undefined
  readonly issuers: readonly IdentityIssuer[]
  readonly refreshTokens: RefreshTokens
  readonly rate: TokenRate
  /** By which logins that fail are counted, of any kind. */
  readonly limit: LoginLimit
  readonly tokenLifetimeMs: number
  readonly log: Logger
  readonly metrics?: TokenMetrics | undefined
  readonly nowMs?: () => number
}

/** Where tokens are counted. */
export interface TokenMetrics {
  asked(credentials: TokenRequest['credentials']['kind'], outcome: TokenAnswer['outcome']): void
}

const refused = (detail: string): RefusedToken => ({ outcome: 'refused', reason: 'credentials', detail })

const tooMany = (retryAfterMs: number): LimitedTokens => ({ outcome: 'limited', reason: 'failed logins', retryAfterMs })

/** Gives everybody tokens for what a policy allows them. */
export class PolicyTokenServer implements TokenServer {
  readonly #options: PolicyTokenServerOptions
  readonly #nowMs: () => number
  readonly #refusals: Refusals

  constructor(options: PolicyTokenServerOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#refusals = new Refusals({ log: options.log, users: options.users, nowMs: this.#nowMs })
  }

  get realm(): string {
    return this.#options.service
  }

  keySet(): string {
    return this.#options.keys.keySet()
  }

  async issue(request: TokenRequest): Promise<TokenAnswer> {
    const { metrics } = this.#options
    const answer = await this.#answer(request)
    metrics?.asked(request.credentials.kind, answer.outcome)
    if (answer.outcome !== 'issued') this.#refusals.tell(request, answer)
    return answer
  }

  async #answer(request: TokenRequest): Promise<TokenAnswer> {
    const { service, rate } = this.#options
    if (request.service !== undefined && request.service !== service)
      return { outcome: 'refused', reason: 'service', detail: 'it is for another registry' }
    const retryAfterMs = rate.take(request.source, request.scopes.length)
    if (retryAfterMs !== undefined) return { outcome: 'limited', reason: 'tokens', retryAfterMs }
    const subject = await this.#known(request)
    return 'outcome' in subject ? subject : this.#token(subject, request)
  }

  async #known({ credentials, source }: TokenRequest): Promise<Subject | RefusedToken | LimitedTokens> {
    const { users, refreshTokens, limit } = this.#options
    switch (credentials.kind) {
      case 'none':
        return { kind: 'anonymous' }
      case 'identity':
        return this.#federated(credentials.token, source)
      case 'refresh': {
        const retryAfterMs = limit.waitMs(source)
        if (retryAfterMs !== undefined) return tooMany(retryAfterMs)
        const name = await refreshTokens.verify(credentials.token)
        if (typeof name === 'string') return { kind: 'user', name }
        limit.failed(source)
        return refused(name.invalid)
      }
      case 'password': {
        const { name, password } = credentials
        if (this.#issuerOf(password) !== undefined) return this.#federated(password, source)
        const logIn = (await users?.logIn(name, password, source)) ?? { outcome: 'refused' }
        if (logIn.outcome === 'limited') return tooMany(logIn.retryAfterMs)
        return logIn.outcome === 'accepted' ? { kind: 'user', name } : refused('user and password do not fit')
      }
    }
  }

  async #federated(token: string, source: string): Promise<Subject | RefusedToken | LimitedTokens> {
    const { limit } = this.#options
    const issuer = this.#issuerOf(token)
    if (issuer === undefined) return refused('its issuer is none that is trusted')
    const retryAfterMs = limit.waitMs(source)
    if (retryAfterMs !== undefined) return tooMany(retryAfterMs)
    try {
      return await issuer.verify(token)
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error
      limit.failed(source)
      return refused(error.message)
    }
  }

  #issuerOf(token: string): IdentityIssuer | undefined {
    const claimed = claimedIssuer(token)
    return claimed === undefined ? undefined : this.#options.issuers.find(({ issuer }) => issuer === claimed)
  }

  #token(subject: Subject, { credentials, scopes, wantsRefresh }: TokenRequest): TokenAnswer {
    const { service, issuer, keys, policy, tokenLifetimeMs, refreshTokens } = this.#options
    const granted = grantScopes(policy.value, subject, scopes)
    const issuedAtMs = this.#nowMs()
    const now = Math.floor(issuedAtMs / 1000)
    const expiresInSeconds = Math.floor(tokenLifetimeMs / 1000)
    const name = nameOf(subject)
    const token = signToken(keys.signing(), 'JWT', {
      iss: issuer,
      sub: name,
      aud: service,
      iat: now,
      nbf: now,
      exp: now + expiresInSeconds,
      access: granted,
    })
    const refreshToken = credentials.kind === 'refresh' ? credentials.token : undefined
    const kept = refreshToken ?? (wantsRefresh ? this.#refreshToken(subject, refreshTokens) : undefined)
    return {
      outcome: 'issued',
      name,
      token,
      scopes: granted,
      expiresInSeconds,
      issuedAtMs,
      ...(kept !== undefined && { refreshToken: kept }),
    }
  }

  /** Others have what their issuer gave them for as long as they may, and not longer. */
  #refreshToken(subject: Subject, refreshTokens: RefreshTokens): string | undefined {
    return subject.kind === 'user' ? refreshTokens.make((subject satisfies LocalUser).name) : undefined
  }
}
