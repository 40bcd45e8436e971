import type { ClaimOf } from './repository-pattern.ts'

/** Who asks, as a policy sees it. */
export type Subject = Anonymous | LocalUser | FederatedSubject

interface Anonymous {
  readonly kind: 'anonymous'
}

/** A user of the token server's own. */
export interface LocalUser {
  readonly kind: 'user'
  readonly name: string
}

/** Somebody whom an issuer vouches for. */
export interface FederatedSubject {
  readonly kind: 'federated'
  /** The issuer, as the configuration names it. */
  readonly issuer: string
  readonly name: string
  readonly claims: Claims
  /** Whether the configuration says which of the issuer's claims is `user`: without that, `{user}` is never filled in. */
  readonly isUserMapped?: boolean
}

/** What an issuer says of somebody, by the names that policies use. */
export type Claims = ReadonlyMap<string, readonly string[]>

/**
 * The values that patterns are filled with: the name of a user as `user`, and the claims of an issuer's subject that have
 * one value. A claim that only happens to be called `user` is not filled in: it would stand for a user of that name.
 */
export function claimsOf(subject: Subject): ClaimOf {
  if (subject.kind === 'anonymous') return () => undefined
  if (subject.kind === 'user') return (claim) => (claim === 'user' ? subject.name : undefined)
  return (claim) => {
    if (claim === 'user' && subject.isUserMapped !== true) return undefined
    const values = subject.claims.get(claim)
    return values?.length === 1 ? values[0] : undefined
  }
}

/** As tokens and logs have it. No user of the token server's own has a colon in the name. */
export function nameOf(subject: Subject): string {
  if (subject.kind === 'anonymous') return 'anonymous'
  return subject.kind === 'user' ? subject.name : `${subject.issuer}:${subject.name}`
}
