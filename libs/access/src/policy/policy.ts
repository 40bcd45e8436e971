import type { PatternIndex } from './pattern-index.ts'
import type { RepositoryPattern } from './repository-pattern.ts'
import type { TextPattern } from './text-pattern.ts'

/** Who may do what: the first rule that is about a subject and a repository decides. What no rule is about is denied. */
export interface Policy {
  /** Users of the token server's own, by the groups that they are in. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>
  readonly rules: readonly Rule[]
  /** The patterns of all rules. */
  readonly patterns: PatternIndex
}

export interface Rule {
  /** From 1. */
  readonly number: number
  /** `undefined`: it has none. */
  readonly name: string | undefined
  /** It is about whoever is any of these. */
  readonly subjects: readonly SubjectPattern[]
  readonly repositories: readonly RepositoryPattern[]
  /** What may be done; nothing where it is empty. */
  readonly actions: ReadonlySet<PolicyAction>
  /** Whether the catalog may be read; `undefined`: it is not about the catalog. */
  readonly catalog: boolean | undefined
}

export const policyActions = ['pull', 'push', 'delete'] as const

export type PolicyAction = (typeof policyActions)[number]

export type SubjectPattern =
  /** Everybody, whether they say who they are or not. */
  | { readonly kind: 'anonymous' }
  /** All users of the token server's own. */
  | { readonly kind: 'users' }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  | IssuerPattern

/** Whom an issuer vouches for, and of whom all of this is so. */
interface IssuerPattern {
  readonly kind: 'issuer'
  readonly issuer: string
  readonly subject: TextPattern | undefined
  /** By claim: one of its values must be one of these. */
  readonly claims: ReadonlyMap<string, readonly TextPattern[]>
}

export function formatRule({ number, name }: Rule): string {
  return name === undefined ? `rule ${number}` : `rule ${number}, ${JSON.stringify(name)}`
}

export function formatSubjectPattern(pattern: SubjectPattern): string {
  if (pattern.kind === 'anonymous') return 'anonymous (everybody)'
  if (pattern.kind === 'users') return 'users (all of them)'
  if (pattern.kind !== 'issuer') return `${pattern.kind} ${pattern.name}`
  const claims = [...pattern.claims].map(([claim, values]) => `${claim} ${values.map(({ text }) => text).join(' or ')}`)
  const subject = pattern.subject === undefined ? [] : [`subject ${pattern.subject.text}`]
  return [`issuer ${pattern.issuer}`, ...subject, ...claims].join(', ')
}
