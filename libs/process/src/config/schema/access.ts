import { signingAlgorithms } from '../config.ts'
import { InvalidValue } from '../problems.ts'
import { anything, list, optional, section } from './node.ts'
import { always, hasEnabledItem, stops } from './not-yet.ts'
import { duration, flag, integer, oneOf, text, url, value } from './values.ts'
import { isSet, type Tree } from '../tree.ts'

/** Who may do what. */
export const auth = section(
  { about: 'who may do what; exactly one provider', isMap: true, mayBeWord: true },
  {
    none: optional(section({ about: 'everyone may do everything', isMap: true }, {})),
    silly: anything(
      stops(
        'a provider that is for tests',
        'silly lets everyone in who says anything at all: it is for tests of Distribution, and not supported',
        always,
      ),
    ),
    htpasswd: optional(
      section(
        { about: 'the users of a file; each may do everything', isMap: true },
        {
          realm: headerText({ required: true, about: 'what the users are of, as clients are told' }),
          path: text({
            required: true,
            about: 'the file: a line name:hash for each user, bcrypt; made with one user where it is missing',
          }),
        },
      ),
    ),
    token: optional(
      section(
        { about: 'tokens of a token server, which say what is granted', isMap: true },
        {
          realm: headerText({ required: true, about: 'the URL of the token server' }),
          service: headerText({
            required: true,
            about: 'the registry, as the token server knows it: the tokens’ audience',
          }),
          issuer: text({ required: true, about: 'the token server, as tokens name it' }),
          rootCertBundle: text({
            about: 'certificates of the keys that tokens are signed with, or that vouch for these; PEM',
          }),
          jwks: text({ about: 'path of a JSON Web Key Set with the keys that tokens are signed with' }),
          jwksUrl: url({ about: 'where the token server publishes its JSON Web Key Set' }),
          autoRedirect: flag({
            default: false,
            about: 'the token server is at the host by which a client knows the registry',
          }),
          autoRedirectPath: value('path', { default: '/auth/token', about: 'its path there' }, absolutePath),
          signingAlgorithms: list(
            { about: 'the algorithms that tokens may be signed with; all of these where none is given' },
            oneOf(signingAlgorithms, { about: 'an algorithm' }),
          ),
          leewayMs: duration({ default: 60_000, about: 'how far clocks may be apart' }),
        },
      ),
    ),
  },
)

/** What a single client may have of what all share. */
export const limits = section(
  { about: 'what one client may take' },
  {
    failedLogins: integer({
      default: 10,
      min: 0,
      about:
        'logins a minute of one user that may fail from one address, and ten times that of all users; 0 for any number',
    }),
    headerSize: integer({
      default: 65_536,
      min: 8192,
      max: 1_048_576,
      about: 'bytes that the head of a request may have: its line and headers',
    }),
    urlLength: integer({ default: 8192, min: 2048, max: 1_048_576, about: 'characters that a URL may have' }),
  },
)

/** A text that a header may hold. */
function headerText(meta: { readonly required: true; readonly about: string }) {
  return value('text', meta, (written) => {
    if (!/^[\x20-\x7e]*$/.test(written)) throw new InvalidValue('cannot be told in a header: it is not all plain ASCII')
    return written
  })
}

function absolutePath(written: string): string {
  if (/^\/[\w./~%-]*$/.test(written)) return written
  throw new InvalidValue(`${JSON.stringify(written)} is not a path`)
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
