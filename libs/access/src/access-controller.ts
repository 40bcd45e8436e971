import type { Access } from './access.ts'
import type { Challenge } from './challenge.ts'
import type { Identity } from './identity.ts'

/** Decides who may do what, from what a request itself carries: there are no sessions, and nobody's word is taken. */
export interface AccessController {
  /**
   * Decides about all of a request's accesses at once. With none it says whether the client is somebody at all.
   *
   * @returns the decision itself where it takes no waiting: for credentials that were seen before
   * @throws RegistryError UNAVAILABLE: what decides cannot be read or reached
   */
  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision>
}

/** What is known of a request when it is decided about. */
export interface AccessRequest {
  /** The `Authorization` header, as it was sent. */
  readonly authorization: string | undefined
  /** None: the client only wants to know whether its credentials are any good. */
  readonly accesses: readonly Access[]
  /** The client's address, which failed logins are counted by. */
  readonly source: string
  /** The registry's host and port, as the client knows it; `undefined` where it did not say. */
  readonly host: string | undefined
  /** As the proxies say that the client knows it; `undefined` where none that is believed does. */
  readonly scheme: 'http' | 'https' | undefined
  /** The same for all requests of one connection, and of no other; where it is known. */
  readonly connection?: object
}

export type AccessDecision = Granted | Denied | Limited

export interface Granted {
  readonly outcome: 'granted'
  readonly identity: Identity
}

/** Answered with 401: other credentials may be granted it. */
export interface Denied {
  readonly outcome: 'denied'
  readonly reason: DenialReason
  /** For the `WWW-Authenticate` header. */
  readonly challenge: Challenge
  /** Who was denied, where that is known. */
  readonly identity?: Identity
  /** What is wrong with the credentials, for the operator: never a part of them. */
  readonly detail?: string
}

export type DenialReason = 'no credentials' | 'invalid credentials' | 'insufficient scope'

/** Answered with 429: too many logins failed, or wait to be verified. */
export interface Limited {
  readonly outcome: 'limited'
  readonly retryAfterMs: number
}
