import { applyRule, catalogRule } from './decide.ts'
import { formatRule, formatSubjectPattern, type Policy, type PolicyAction } from './policy.ts'
import { nameOf, type Subject } from './subject.ts'

export interface Explanation {
  readonly isAllowed: boolean
  /** For people: the answer, then why. */
  readonly lines: readonly string[]
}

/** Says whether somebody may do something in a repository, and which rule decides that. */
export function explain(policy: Policy, subject: Subject, repository: string, action: PolicyAction): Explanation {
  const who = nameOf(subject)
  const passed: string[] = []
  for (const rule of policy.rules) {
    const applying = applyRule(policy, rule, subject, repository)
    if ('rule' in applying) {
      const isAllowed = rule.actions.has(action)
      const allows = rule.actions.size === 0 ? 'nothing' : [...rule.actions].join(', ')
      return {
        isAllowed,
        lines: [
          `${isAllowed ? 'allowed' : 'denied'}: ${who} may ${isAllowed ? '' : 'not '}${action} in ${repository}`,
          `decided by ${formatRule(rule)}, which allows ${allows}`,
          `  subject: ${formatSubjectPattern(applying.subject)}`,
          `  repositories: ${applying.pattern.text}`,
          ...passed,
        ],
      }
    }
    if (applying.because !== 'subject' && applying.because !== 'repository' && 'pattern' in applying) {
      const { claim, value } = applying.because
      const why = value === undefined ? 'there is no one value of it' : `${JSON.stringify(value)} is no name`
      passed.push(
        `passed over ${formatRule(rule)}: {${claim}} of ${applying.pattern} cannot be filled in, since ${why}`,
      )
    }
  }
  return {
    isAllowed: false,
    lines: [`denied: ${who} may not ${action} in ${repository}`, 'no rule is about both', ...passed],
  }
}

/** Says whether somebody may read the catalog, and which rule decides that. */
export function explainCatalog(policy: Policy, subject: Subject): Explanation {
  const rule = catalogRule(policy, subject)
  const isAllowed = rule?.catalog === true
  const answer = `${isAllowed ? 'allowed' : 'denied'}: ${nameOf(subject)} may ${isAllowed ? '' : 'not '}read the catalog`
  return { isAllowed, lines: [answer, rule ? `decided by ${formatRule(rule)}` : 'no rule is about both'] }
}
