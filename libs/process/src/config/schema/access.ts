import { signingAlgorithms } from '../config.ts'
import { InvalidValue } from '../problems.ts'
import { anything, dictionary, list, optional, section } from './node.ts'
import { always, hasEnabledItem, stops } from './not-yet.ts'
import { duration, flag, integer, type LeafMeta, oneOf, text, url, value } from './values.ts'
import { isSet, type Tree } from '../tree.ts'

const berthAbout = 'a token server of its own: it gives tokens to whom a policy allows, at /token'

/** Whom a token server trusts to say who somebody is. */
const issuers = list(
  { about: 'whose tokens are taken in place of passwords: clusters and CI' },
  section(
    { about: 'an OpenID provider' },
    {
      name: value('name', { required: true, about: 'what the policy calls it' }, issuerName),
      issuer: url({ required: true, about: 'its URL, as its tokens have it' }),
      audience: text({ required: true, about: 'the registry, as its tokens name it' }),
      jwksUrl: url({ about: 'where its keys are; else what its discovery document says' }),
      ca: text({ about: 'certificates that vouch for its server, PEM; those of the system where not given' }),
      tokenFile: text({ about: 'path of a token that it is asked for its keys with' }),
      claims: dictionary(
        { about: 'names for claims that the policy uses, each a JSON pointer into the token' },
        text({ about: 'as /kubernetes.io/namespace' }),
      ),
    },
  ),
)

/** Berth's own. */
function berth() {
  return section(
    { about: berthAbout, isMap: true },
    {
      service: headerText({ required: true, about: 'the registry, as tokens name it' }),
      issuer: text({ about: 'the token server, as tokens name it; the same as service where not given' }),
      realm: headerText({ about: 'the URL of /token; else it is at the host by which a client knows the registry' }),
      policy: text({ required: true, about: 'path of the policy, YAML: who may do what' }),
      htpasswd: text({ about: 'path of the users, as auth.htpasswd.path; nobody has a password where not given' }),
      issuers,
      keys: text({
        about:
          'path of the keys that tokens are signed with, a JSON Web Key Set; all-in-one has its own beside its data',
      }),
      jwksUrl: url({ about: 'for blob nodes: where the gateway publishes its keys (its /token/keys)' }),
      keyRotationMs: duration({ about: 'how long a key signs, 0 for ever; where keys is not given, 30 days' }),
      tokenLifetimeMs: duration({ default: 300_000, minMs: 60_000, about: 'how long a token is good for' }),
      refreshLifetimeMs: duration({
        default: 30 * 24 * 3_600_000,
        defaultText: '720h',
        maxMs: Number.MAX_SAFE_INTEGER,
        about: 'how long a client can go on asking for tokens without a password; 0 not at all',
      }),
      leewayMs: duration({ default: 60_000, about: 'how far clocks may be apart' }),
    },
  )
}

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
    berth: optional(berth()),
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
        'logins a minute of one user that may fail from one address, and ten times that of all users and tokens; 0 for any number',
    }),
    tokens: integer({
      default: 100,
      min: 0,
      about:
        'scopes of tokens a second that one address may ask for, ten times as many at once; a token without scopes counts as one; 0 for any number',
    }),
    headerSize: integer({
      default: 65_536,
      min: 8192,
      max: 1_048_576,
      about: 'bytes that the head of a request may have: its line and headers',
    }),
    urlLength: integer({ default: 8192, min: 2048, max: 1_048_576, about: 'characters that a URL may have' }),
    connections: integer({
      min: 1,
      defaultText: 'half of the open files, up to 10000',
      about: 'connections of clients that may be open at once',
    }),
    connectionsPerAddress: integer({
      min: 1,
      defaultText: 'half of connections',
      about: 'connections that one address may have at once, unless it is a trusted proxy',
    }),
  },
)

/** A text that a header may hold, as UTF-8 where it is not ASCII. */
function headerText<const M extends LeafMeta>(meta: M) {
  return value('text', meta, (written) => {
    if (/\p{Cc}|\p{Cs}/u.test(written)) throw new InvalidValue('has control characters, which no header can have')
    return written
  })
}

function issuerName(written: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(written)) return written
  throw new InvalidValue('is no name: letters, digits, dots and dashes')
}

function absolutePath(written: string): string {
  if (/^\/[\w./~%-]*$/.test(written)) return written
  throw new InvalidValue('is not a path')
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
