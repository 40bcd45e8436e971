import { unlessInvalid } from '@berth/errors'
import { parseRepositoryName } from '@berth/reference'
import { allowedActions, catalogRule } from '../policy/decide.ts'
import { type Policy, policyActions } from '../policy/policy.ts'
import type { Subject } from '../policy/subject.ts'
import type { Scope } from '../scope.ts'

/** As much of what somebody asks for as a policy allows. */
export function grantScopes(policy: Policy, subject: Subject, scopes: readonly Scope[]): Scope[] {
  return scopes.flatMap((scope) => {
    const actions = [...new Set(grantedActions(policy, subject, scope))]
    return actions.length === 0 ? [] : [{ ...scope, actions }]
  })
}

function grantedActions(policy: Policy, subject: Subject, { type, name, actions }: Scope): readonly string[] {
  if (type === 'registry')
    return name === 'catalog' && actions.includes('*') && catalogRule(policy, subject)?.catalog === true ? ['*'] : []
  if (type !== 'repository') return []
  const repository = unlessInvalid(parseRepositoryName, name)
  if (repository === undefined) return []
  const allowed = allowedActions(policy, subject, repository)
  if (!actions.includes('*')) return policyActions.filter((action) => allowed.has(action) && actions.includes(action))
  return allowed.size === policyActions.length ? ['*'] : policyActions.filter((action) => allowed.has(action))
}
