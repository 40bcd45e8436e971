import { componentsOf } from './component-shape.ts'
import { type Policy, type PolicyAction, type Rule, type SubjectPattern } from './policy.ts'
import { type ClaimOf, matchesComponents, type RepositoryPattern, type Unfillable } from './repository-pattern.ts'
import { claimsOf, type Subject } from './subject.ts'
import { matchesText } from './text-pattern.ts'

/** What a policy says about a subject and a repository. */
export interface Decision {
  readonly actions: ReadonlySet<PolicyAction>
  /** The first rule about both; `undefined`: there is none, and nothing is allowed. */
  readonly by: DecidingRule | undefined
  /** Rules before it, in their order, which would be about the repository for some value of a claim that cannot be filled in. */
  readonly unfilled: readonly UnfilledRule[]
}

interface DecidingRule {
  readonly rule: Rule
  readonly subject: SubjectPattern
  readonly pattern: RepositoryPattern
}

export interface UnfilledRule {
  readonly rule: Rule
  readonly pattern: RepositoryPattern
  readonly because: Unfillable
}

const nothing: ReadonlySet<PolicyAction> = new Set()

/** The decisions of a policy about one subject. Whether a rule is about the subject is evaluated once. */
export class SubjectDecisions {
  readonly #policy: Policy
  readonly #subject: Subject
  readonly #claimOf: ClaimOf
  readonly #subjectPatterns = new Map<Rule, SubjectPattern | undefined>()
  #catalogRule: Rule | 'not evaluated' | undefined = 'not evaluated'

  constructor(policy: Policy, subject: Subject) {
    this.#policy = policy
    this.#subject = subject
    this.#claimOf = claimsOf(subject)
  }

  allowedActions(repository: string): ReadonlySet<PolicyAction> {
    return this.decide(repository).actions
  }

  /**
   * The first rule about the subject and the repository decides. A rule before it that would be about the repository for
   * some value of a claim that cannot be filled in grants nothing, and what it does not allow is denied.
   */
  decide(repository: string): Decision {
    const components = componentsOf(repository)
    if (components === undefined) return { actions: nothing, by: undefined, unfilled: [] }
    const unfilled: UnfilledRule[] = []
    for (const { rule, pattern } of this.#policy.patterns.candidates(repository, components)) {
      const subject = this.#subjectPattern(rule)
      if (subject === undefined) continue
      const found = matchesComponents(pattern, components, this.#claimOf)
      if (found === true) {
        const before = unfilled.filter((each) => each.rule !== rule)
        return { actions: allowedByAll(rule, before), by: { rule, subject, pattern }, unfilled: before }
      }
      if (found !== false && unfilled.at(-1)?.rule !== rule) unfilled.push({ rule, pattern, because: found })
    }
    return { actions: nothing, by: undefined, unfilled }
  }

  /** The rule that decides whether the subject may read the catalog. */
  get catalogRule(): Rule | undefined {
    if (this.#catalogRule === 'not evaluated')
      this.#catalogRule = this.#policy.rules.find(
        (rule) => rule.catalog !== undefined && this.#subjectPattern(rule) !== undefined,
      )
    return this.#catalogRule
  }

  /** The pattern of a rule that the subject matches. */
  #subjectPattern(rule: Rule): SubjectPattern | undefined {
    if (this.#subjectPatterns.has(rule)) return this.#subjectPatterns.get(rule)
    const found = rule.subjects.find((pattern) => isSubject(pattern, this.#subject, this.#policy))
    this.#subjectPatterns.set(rule, found)
    return found
  }
}

/** The actions that a subject may do in a repository. */
export function allowedActions(policy: Policy, subject: Subject, repository: string): ReadonlySet<PolicyAction> {
  return new SubjectDecisions(policy, subject).allowedActions(repository)
}

/** The rule that decides whether a subject may read the catalog. */
export function catalogRule(policy: Policy, subject: Subject): Rule | undefined {
  return new SubjectDecisions(policy, subject).catalogRule
}

function allowedByAll({ actions }: Rule, unfilled: readonly UnfilledRule[]): ReadonlySet<PolicyAction> {
  if (unfilled.length === 0) return actions
  return new Set([...actions].filter((action) => unfilled.every(({ rule }) => rule.actions.has(action))))
}

function isSubject(pattern: SubjectPattern, subject: Subject, { groups }: Policy): boolean {
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
}
