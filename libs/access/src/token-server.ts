import type { Scope } from './scope.ts'

/** Issues access tokens to clients. @see Docker Registry token authentication, and its OAuth2 variant */
export interface TokenServer {
  /**
   * Issues a token for those of the requested scopes that the policy grants. The token may have no scopes.
   *
   * @throws RegistryError UNAVAILABLE: the users, keys or policy cannot be read or reached
   */
  issue(request: TokenRequest): Promise<TokenAnswer>
  /** The public keys that verify the tokens, as the JSON text of a JSON Web Key Set. */
  keySet(): string
  /** The name of the registry that people log in to, as clients show it. */
  readonly realm: string
}

export interface TokenRequest {
  readonly credentials: TokenCredentials
  /** The registry that the token is for. `undefined` if the client does not name one. */
  readonly service: string | undefined
  readonly scopes: readonly Scope[]
  /** Whether the client requests a refresh token, to request more tokens without a password. */
  readonly wantsRefresh: boolean
  /** The client's address. Logins and tokens are limited per address. */
  readonly source: string
}

export type TokenCredentials =
  | { readonly kind: 'none' }
  /** The password may be a token of a trusted issuer. The name is then ignored. */
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  | { readonly kind: 'refresh'; readonly token: string }
  /** A token of a trusted issuer. */
  | { readonly kind: 'identity'; readonly token: string }

export type TokenAnswer = IssuedToken | RefusedToken | LimitedTokens

export interface IssuedToken {
  readonly outcome: 'issued'
  /** The name of the client, or `anonymous` for a client without credentials. */
  readonly name: string
  readonly token: string
  /** The scopes that were granted. */
  readonly scopes: readonly Scope[]
  readonly expiresInSeconds: number
  readonly issuedAtMs: number
  readonly refreshToken?: string
}

/** No token was issued: the credentials are invalid, or the client named another registry. */
export interface RefusedToken {
  readonly outcome: 'refused'
  readonly reason: 'credentials' | 'service'
  /** The reason, for the operator's log. Never contains a part of the credentials. */
  readonly detail: string
}

export interface LimitedTokens {
  readonly outcome: 'limited'
  readonly reason: 'failed logins' | 'tokens'
  readonly retryAfterMs: number
}
