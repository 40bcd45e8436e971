import { anything, list, optional, section, type Anything } from './node.ts'
import { always, hasEnabledItem, stops } from './not-yet.ts'
import { duration, flag, text, url } from './values.ts'
import { isSet, type Tree } from '../tree.ts'

/** Who may do what. */
export const auth = section(
  { about: 'exactly one provider', isMap: true, mayBeWord: true },
  {
    none: optional(section({ about: 'everyone may do everything', isMap: true }, {})),
    silly: provider('silly'),
    token: provider('token'),
    htpasswd: provider('htpasswd'),
  },
)

function provider(name: string): Anything {
  return anything(
    stops(`${name} authentication`, `${name} authentication is not supported yet: the registry would be open`, always),
  )
}

const middlewareItems = (about: string) =>
  list(
    { about },
    section(
      { about: 'one' },
      {
        name: text({ about: 'its name' }),
        disabled: flag({ about: 'it is not used' }),
        options: anything({ about: 'its options' }),
      },
    ),
  )

/** What changes the way that content is served. */
export const middleware = section(
  { ...stops('', 'middleware is not supported yet', hasEnabledItem), about: 'middleware', isMap: true },
  {
    registry: middlewareItems('around the registry'),
    repository: middlewareItems('around repositories'),
    storage: middlewareItems('around the driver: cloudfront, redirect, rewrite'),
  },
)

function hasRemote(tree: Tree): boolean {
  const remote = tree.kind === 'mapping' ? tree.entries.get('remoteurl') : tree
  return remote !== undefined && isSet(remote)
}

export const proxy = section(stops('a pull-through cache', 'a pull-through cache is not supported yet', hasRemote), {
  remoteUrl: url({ about: 'the upstream registry' }),
  username: text({ about: 'user at the upstream' }),
  password: text({ about: 'password at the upstream' }),
  exec: section(
    { about: 'a credential helper' },
    { command: text({ about: 'the command' }), lifetimeMs: duration({ about: 'how long its answer is used' }) },
  ),
  ttlMs: duration({
    minMs: Number.NEGATIVE_INFINITY,
    maxMs: Number.MAX_SAFE_INTEGER,
    about: 'how long content is kept',
  }),
  cacheWriteTimeoutMs: duration({ about: 'for finishing a cache write' }),
})
