import { explain, explainCatalog, openPolicy, policyActions, readClaims, type Subject } from '@berth/access/stored'
import { type BerthTokenConfig, parseDocument } from '@berth/configuration'
import { type Command, CommandMistake } from '@berth/process'

/** Says whether somebody may do something, and which rule of the policy decides. */
export const explainAccess: Command = {
  name: 'access explain',
  usage: 'USER REPOSITORY ACTION [--issuer NAME --claims JSON] [--config FILE]',
  about:
    'says whether USER (or anonymous) may pull, push or delete in REPOSITORY, and which rule decides; ends with 1 if not',
  options: {
    issuer: 'NAME    USER is a subject of this issuer’s',
    claims: 'JSON    what its token says besides',
  },
  run({ positionals, options, config, log, print }) {
    const [user, repository, action] = positionals
    if (user === undefined || repository === undefined || action === undefined || positionals.length > 3)
      throw new CommandMistake('it takes a user, a repository and an action')
    const { auth } = config()
    if (auth?.kind !== 'berth') throw new CommandMistake('the configuration has no auth.berth, and so no policy')
    const { value: policy } = openPolicy(auth, { parseDocument }, log)
    const subject = subjectOf(user, options, auth)
    const known = policyActions.find((each) => each === action)
    const isCatalog = repository === 'registry:catalog' && action === '*'
    if (!isCatalog && known === undefined) throw new CommandMistake(`an action is one of ${policyActions.join(', ')}`)
    const { isAllowed, lines } =
      known === undefined ? explainCatalog(policy, subject) : explain(policy, subject, repository, known)
    print(`${lines.join('\n')}\n`)
    return isAllowed ? 0 : 1
  },
}

function subjectOf(
  name: string,
  { issuer, claims = '{}' }: Readonly<Record<string, string | undefined>>,
  { issuers }: BerthTokenConfig,
): Subject {
  if (issuer === undefined) return name === 'anonymous' ? { kind: 'anonymous' } : { kind: 'user', name }
  const named = issuers.find((each) => each.name === issuer)
  if (named === undefined) throw new CommandMistake(`there is no issuer ${JSON.stringify(issuer)}`)
  return {
    kind: 'federated',
    issuer,
    name,
    claims: readClaims({ ...parseClaims(claims), sub: name }, named.claims),
    isUserMapped: Object.hasOwn(named.claims, 'user'),
  }
}

function parseClaims(text: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(text)
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
      return claims as Record<string, unknown>
  } catch {
    // The same as for what is JSON and no object.
  }
  throw new CommandMistake('claims must be a JSON object')
}
