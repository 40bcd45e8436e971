import type { Access } from './access.ts'
import type { Challenge } from './challenge.ts'
import type { Identity } from './identity.ts'

/**
 * Decides whether a request may do what it asks for. The decision uses only the credentials in the request; there are
 * no sessions.
 */
export interface AccessController {
  /**
   * Decides about all accesses of a request together. If the request has no accesses, the controller only checks its
   * credentials.
   *
   * @returns the decision itself, not a promise, if no wait is needed, as for credentials that are cached
   * @throws RegistryError UNAVAILABLE: the users, keys or policy cannot be read or reached
   */
  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision>
}

/** The facts about a request that an access decision depends on. */
export interface AccessRequest {
  /** The `Authorization` header, as it was sent. */
  readonly authorization: string | undefined
  /** What the request wants to do. Empty if the client only wants its credentials checked. */
  readonly accesses: readonly Access[]
  /** The client's address. Failed logins are counted per address. */
  readonly source: string
  /** The registry's host and port, as the client sees them. `undefined` if the request does not name them. */
  readonly host: string | undefined
  /** The scheme by which the client reached the registry. `undefined` if no trusted proxy reports it. */
  readonly scheme: 'http' | 'https' | undefined
  /** Identifies the connection: one object for all requests of a connection. Absent if the connection is unknown. */
  readonly connection?: object
}

export type AccessDecision = Granted | Denied | Limited

export interface Granted {
  readonly outcome: 'granted'
  readonly identity: Identity
}

/** The client receives status 401. Other credentials may be granted the access. */
export interface Denied {
  readonly outcome: 'denied'
  readonly reason: DenialReason
  /** The content of the `WWW-Authenticate` header. */
  readonly challenge: Challenge
  /** The client that was denied. Absent if it is unknown. */
  readonly identity?: Identity
  /** Why the credentials are invalid, for the operator's log. Never contains a part of the credentials. */
  readonly detail?: string
}

export type DenialReason = 'no credentials' | 'invalid credentials' | 'insufficient scope'

/** The client receives status 429: too many logins failed, or too many logins wait for verification. */
export interface Limited {
  readonly outcome: 'limited'
  readonly retryAfterMs: number
}
