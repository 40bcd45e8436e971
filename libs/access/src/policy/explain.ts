import { componentsOf } from './component-shape.ts'
import { catalogRule, SubjectDecisions, type UnfilledRule } from './decide.ts'
import { formatRule, formatSubjectPattern, type Policy, type PolicyAction, type Rule } from './policy.ts'
import { nameOf, type Subject } from './subject.ts'

export interface Explanation {
  readonly isAllowed: boolean
  /** For people: the answer, then why. */
  readonly lines: readonly string[]
}

/** Says whether a subject may do something in a repository, and which rule decides that. */
export function explain(policy: Policy, subject: Subject, repository: string, action: PolicyAction): Explanation {
  const { actions, by, unfilled } = new SubjectDecisions(policy, subject).decide(repository)
  const isAllowed = actions.has(action)
  const answer = `${isAllowed ? 'allowed' : 'denied'}: ${nameOf(subject)} may ${isAllowed ? '' : 'not '}${action} in ${repository}`
  if (componentsOf(repository) === undefined)
    return { isAllowed, lines: [answer, 'no rule can be about a repository of that name'] }
  if (by === undefined)
    return { isAllowed, lines: [answer, 'no rule is about both', ...unfilled.map(formatPassedOver)] }
  return {
    isAllowed,
    lines: [
      answer,
      `decided by ${formatRule(by.rule)}, which allows ${formatActions(by.rule)}`,
      `  subject: ${formatSubjectPattern(by.subject)}`,
      `  repositories: ${by.pattern.text}`,
      ...unfilled.map(formatLimit),
    ],
  }
}

function formatActions({ actions }: Rule): string {
  return actions.size === 0 ? 'nothing' : [...actions].join(', ')
}

function formatPassedOver(unfilled: UnfilledRule): string {
  return `passed over ${formatRule(unfilled.rule)}: ${formatUnfillable(unfilled)}`
}

/** Whatever the rule would be about, it grants nothing without the claim, and denies what it does not allow. */
function formatLimit(unfilled: UnfilledRule): string {
  const { rule } = unfilled
  return `limited by ${formatRule(rule)}, to ${formatActions(rule)}: ${formatUnfillable(unfilled)}`
}

function formatUnfillable({ pattern, because: { claim, value } }: UnfilledRule): string {
  const why = value === undefined ? 'there is no one value of it' : `${JSON.stringify(value)} is no name`
  return `{${claim}} of ${pattern.text} cannot be filled in, since ${why}`
}

/** Says whether somebody may read the catalog, and which rule decides that. */
export function explainCatalog(policy: Policy, subject: Subject): Explanation {
  const rule = catalogRule(policy, subject)
  const isAllowed = rule?.catalog === true
  const answer = `${isAllowed ? 'allowed' : 'denied'}: ${nameOf(subject)} may ${isAllowed ? '' : 'not '}read the catalog`
  return { isAllowed, lines: [answer, rule ? `decided by ${formatRule(rule)}` : 'no rule is about both'] }
}
