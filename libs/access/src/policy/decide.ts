import { type Policy, type PolicyAction, type Rule, type SubjectPattern } from './policy.ts'
import { matchesRepository, type RepositoryPattern, type Unfillable } from './repository-pattern.ts'
import { claimsOf, type Subject } from './subject.ts'
import { matchesText } from './text-pattern.ts'

/** What a rule says of somebody and a repository, where it is about both. */
export interface Applying {
  readonly rule: Rule
  readonly subject: SubjectPattern
  readonly pattern: RepositoryPattern
}

const nothing: ReadonlySet<PolicyAction> = new Set()

/** What somebody may do in a repository. */
export function allowedActions(policy: Policy, subject: Subject, repository: string): ReadonlySet<PolicyAction> {
  for (const rule of policy.rules) {
    const applying = applyRule(policy, rule, subject, repository)
    if ('rule' in applying) return applying.rule.actions
  }
  return nothing
}

/** The rule that says whether somebody may read the catalog. */
export function catalogRule(policy: Policy, subject: Subject): Rule | undefined {
  return policy.rules.find(({ catalog, subjects }) => catalog !== undefined && subjectIn(policy, subjects, subject))
}

/** @returns what it says, or why it is not about this */
export function applyRule(
  policy: Policy,
  rule: Rule,
  subject: Subject,
  repository: string,
):
  | Applying
  | { readonly because: 'subject' | 'repository' }
  | { readonly because: Unfillable; readonly pattern: string } {
  const is = subjectIn(policy, rule.subjects, subject)
  if (is === undefined) return { because: 'subject' }
  let unfillable: { readonly because: Unfillable; readonly pattern: string } | undefined
  for (const pattern of rule.repositories) {
    const found = matchesRepository(pattern, repository, claimsOf(subject))
    if (found === true) return { rule, subject: is, pattern }
    if (found !== false) unfillable ??= { because: found, pattern: pattern.text }
  }
  return unfillable ?? { because: 'repository' }
}

/** The first of these that somebody is. */
function subjectIn(
  { groups }: Policy,
  patterns: readonly SubjectPattern[],
  subject: Subject,
): SubjectPattern | undefined {
  return patterns.find((pattern) => {
    switch (pattern.kind) {
      case 'anonymous':
        return true
      case 'users':
        return subject.kind === 'user'
      case 'user':
        return subject.kind === 'user' && subject.name === pattern.name
      case 'group':
        return subject.kind === 'user' && groups.get(pattern.name)?.has(subject.name) === true
      case 'issuer':
        if (subject.kind !== 'federated' || subject.issuer !== pattern.issuer) return false
        if (pattern.subject !== undefined && !matchesText(pattern.subject, subject.name)) return false
        return [...pattern.claims].every(([claim, wanted]) =>
          subject.claims.get(claim)?.some((value) => wanted.some((text) => matchesText(text, value))),
        )
    }
  })
}
