import { unlessInvalid } from '@berth/errors'
import { parseRepositoryName } from '@berth/reference'
import { SubjectDecisions } from '../policy/decide.ts'
import { type Policy, policyActions } from '../policy/policy.ts'
import type { Subject } from '../policy/subject.ts'
import type { Scope } from '../scope.ts'

/** The part of the requested scopes that a policy allows. */
export function grantScopes(policy: Policy, subject: Subject, scopes: readonly Scope[]): Scope[] {
  const decisions = new SubjectDecisions(policy, subject)
  return scopes.flatMap((scope) => {
    const actions = [...new Set(grantedActions(decisions, scope))]
    return actions.length === 0 ? [] : [{ ...scope, actions }]
  })
}

function grantedActions(decisions: SubjectDecisions, { type, name, actions }: Scope): readonly string[] {
  if (type === 'registry')
    return name === 'catalog' && actions.includes('*') && decisions.catalogRule?.catalog === true ? ['*'] : []
  if (type !== 'repository') return []
  const repository = unlessInvalid(parseRepositoryName, name)
  if (repository === undefined) return []
  const allowed = decisions.allowedActions(repository)
  if (!actions.includes('*')) return policyActions.filter((action) => allowed.has(action) && actions.includes(action))
  return allowed.size === policyActions.length ? ['*'] : policyActions.filter((action) => allowed.has(action))
}
