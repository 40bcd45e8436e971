import type { Scope } from './scope.ts'

/** Gives tokens to whoever may have them. @see Docker Registry token authentication, and its OAuth2 variant */
export interface TokenServer {
  /**
   * Gives a token for as much of what is asked for as may be had, which may be nothing.
   *
   * @throws RegistryError UNAVAILABLE: what decides cannot be read or reached
   */
  issue(request: TokenRequest): Promise<TokenAnswer>
  /** The public keys of tokens, as the JSON of a JSON Web Key Set. */
  keySet(): string
  /** What people are told that they log in to. */
  readonly realm: string
}

export interface TokenRequest {
  readonly credentials: TokenCredentials
  /** The registry that the token is for, where the client says. */
  readonly service: string | undefined
  readonly scopes: readonly Scope[]
  /** Whether the client wants to come back without a password. */
  readonly wantsRefresh: boolean
  /** The client's address, which logins and tokens are counted by. */
  readonly source: string
}

export type TokenCredentials =
  | { readonly kind: 'none' }
  /** The password may be a token of an issuer that is trusted: then the name is nothing. */
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  | { readonly kind: 'refresh'; readonly token: string }
  /** A token of an issuer that is trusted. */
  | { readonly kind: 'identity'; readonly token: string }

export type TokenAnswer = IssuedToken | RefusedToken | LimitedTokens

export interface IssuedToken {
  readonly outcome: 'issued'
  /** Whom it is for; `anonymous` where that is nobody. */
  readonly name: string
  readonly token: string
  /** What it is for. */
  readonly scopes: readonly Scope[]
  readonly expiresInSeconds: number
  readonly issuedAtMs: number
  readonly refreshToken?: string
}

/** The credentials are worth nothing, or the registry is another one. */
export interface RefusedToken {
  readonly outcome: 'refused'
  readonly reason: 'credentials' | 'service'
  /** Why, for the operator: never a part of the credentials. */
  readonly detail: string
}

export interface LimitedTokens {
  readonly outcome: 'limited'
  readonly reason: 'failed logins' | 'tokens'
  readonly retryAfterMs: number
}
