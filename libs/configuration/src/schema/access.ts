import { signingAlgorithms } from '../values/signing-algorithms.ts'
import { InvalidValue } from '../problems.ts'
import { anything, dictionary, list, optional, section } from './node.ts'
import { always, hasEnabledItem, stops } from './not-yet.ts'
import { duration, flag, integer, type LeafMeta, oneOf, text, url, value } from './values.ts'
import { isSet, type Tree } from '../sources/tree.ts'

const berthAbout = 'Berth’s own token server at /token, which grants the access that a policy allows'

/** Issuers of identity tokens that the token server accepts. */
const issuers = list(
  { about: 'OpenID providers whose tokens are accepted in place of passwords, such as clusters and CI' },
  section(
    { about: 'an OpenID provider' },
    {
      name: value('name', { required: true, about: 'the provider’s name in the policy' }, issuerName),
      issuer: url({ required: true, about: 'the provider’s URL, as in the iss claim of its tokens' }),
      audience: text({ required: true, about: 'the registry’s name in the aud claim of the provider’s tokens' }),
      jwksUrl: url({ about: 'URL of the provider’s keys; default: from its discovery document' }),
      ca: text({ about: 'CA certificates to verify the provider’s server with, PEM; default: the CAs of the system' }),
      tokenFile: text({ about: 'path of a token to send when its keys are requested' }),
      claims: dictionary(
        { about: 'names for claims, to use in the policy; each is a JSON pointer into the token' },
        text({ about: 'a JSON pointer, such as /kubernetes.io/namespace' }),
      ),
    },
  ),
)

/** Berth's own token server. */
function berth() {
  return section(
    { about: berthAbout, own: true, isMap: true },
    {
      service: headerText({ required: true, about: 'the registry’s name in tokens' }),
      issuer: text({ about: 'the token server’s name in tokens; default: service' }),
      realm: headerText({ about: 'URL of /token; default: on the host that the client’s request names' }),
      policy: text({ required: true, about: 'path of the access policy, YAML' }),
      htpasswd: text({
        about: 'path of the users’ file, like auth.htpasswd.path; without it, no user can log in with a password',
      }),
      issuers,
      keys: text({
        about: 'path of the token signing keys, a JSON Web Key Set; default in all-in-one: a file beside its data',
      }),
      jwksUrl: url({ about: 'for blob nodes: URL of the gateway’s public keys (its /token/keys)' }),
      keyRotationMs: duration({
        about: 'time after which a new signing key replaces the current one; 0: never; default without keys: 30 days',
      }),
      tokenLifetimeMs: duration({ default: 300_000, minMs: 60_000, about: 'lifetime of a token' }),
      refreshLifetimeMs: duration({
        default: 30 * 24 * 3_600_000,
        defaultText: '720h',
        maxMs: Number.MAX_SAFE_INTEGER,
        about: 'lifetime of a refresh token, which replaces the password; 0: no refresh tokens',
      }),
      leewayMs: duration({ default: 60_000, about: 'maximum difference between clocks' }),
    },
  )
}

/** Access control. */
export const auth = section(
  { about: 'access control; exactly one provider', isMap: true, mayBeWord: true },
  {
    none: optional(section({ about: 'no access control: every client may do everything', isMap: true }, {})),
    silly: anything({
      secret: true,
      ...stops(
        'a provider for tests of Distribution',
        'silly accepts any credentials: it is for tests of Distribution, and is not supported',
        always,
      ),
    }),
    htpasswd: optional(
      section(
        { about: 'users from a file; every user may do everything', isMap: true },
        {
          realm: headerText({ required: true, about: 'name of the registry that clients show at login' }),
          path: text({
            required: true,
            about: 'path of the users’ file, one line name:hash (bcrypt) per user; if missing, created with one user',
          }),
        },
      ),
    ),
    token: optional(
      section(
        { about: 'tokens of a token server; each token contains the granted access', isMap: true },
        {
          realm: headerText({ required: true, about: 'URL of the token server' }),
          service: headerText({
            required: true,
            about: 'the registry’s name at the token server: the audience of its tokens',
          }),
          issuer: text({ required: true, about: 'the token server’s name in tokens' }),
          rootCertBundle: text({
            about: 'certificates of the token signing keys, or of their CAs; PEM',
          }),
          jwks: text({ about: 'path of a JSON Web Key Set with the token signing keys' }),
          jwksUrl: url({ own: true, about: 'URL of the token server’s JSON Web Key Set' }),
          autoRedirect: flag({
            default: false,
            about: 'the token server is on the host that the client’s request names',
          }),
          autoRedirectPath: value(
            'path',
            { default: '/auth/token', about: 'path of the token server with autoredirect' },
            absolutePath,
          ),
          signingAlgorithms: list(
            { about: 'accepted signature algorithms of tokens; default: all of these' },
            oneOf(signingAlgorithms, { about: 'an algorithm' }),
          ),
          leewayMs: duration({ own: true, default: 60_000, about: 'maximum difference between clocks' }),
        },
      ),
    ),
    berth: optional(berth()),
  },
)

/** Limits of a single client on shared resources. */
export const limits = section(
  { own: true, about: 'limits on clients' },
  {
    failedLogins: integer({
      default: 10,
      min: 0,
      about:
        'maximum failed logins per minute from one address: this many per user, ten times as many for all users and tokens; 0: unlimited',
    }),
    tokens: integer({
      default: 100,
      min: 0,
      about:
        'maximum token scopes that one address may request per second, with bursts of ten times as many; a token without scopes counts as one; 0: unlimited',
    }),
    headerSize: integer({
      default: 65_536,
      min: 8192,
      max: 1_048_576,
      about: 'maximum size of a request’s line and headers, in bytes',
    }),
    urlLength: integer({ default: 8192, min: 2048, max: 1_048_576, about: 'maximum length of a URL, in characters' }),
    connections: integer({
      min: 1,
      defaultNote: 'half of the open files, up to 10000',
      about: 'maximum number of open client connections',
    }),
    connectionsPerAddress: integer({
      min: 1,
      defaultNote: 'half of connections',
      about: 'maximum number of open connections from one address, unless it is a trusted proxy',
    }),
  },
)

/** Text that can stand in a header; other than ASCII is sent as UTF-8. */
function headerText<const M extends LeafMeta>(meta: M) {
  return value('text', meta, (written) => {
    if (/\p{Cc}|\p{Cs}/u.test(written)) throw new InvalidValue('has control characters, which no header can have')
    return written
  })
}

function issuerName(written: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(written)) return written
  throw new InvalidValue('is not a name: only letters, digits, dots, dashes and underscores')
}

function absolutePath(written: string): string {
  if (/^\/[\w./~%-]*$/.test(written)) return written
  throw new InvalidValue('is not a path')
}

const middlewareItems = (about: string) =>
  list(
    { about },
    section(
      { about: 'a middleware' },
      {
        name: text({ about: 'name of the middleware' }),
        disabled: flag({ about: 'the middleware is not used' }),
        options: anything({ secret: true, about: 'options of the middleware' }),
      },
    ),
  )

/** Distribution's plugins. */
export const middleware = section(
  { ...stops('', 'middleware is not supported yet', hasEnabledItem), about: 'middleware', isMap: true },
  {
    registry: middlewareItems('middleware of the registry'),
    repository: middlewareItems('middleware of repositories'),
    storage: middlewareItems('middleware of the storage driver: cloudfront, redirect, rewrite'),
  },
)

function hasRemote(tree: Tree): boolean {
  const remote = tree.kind === 'mapping' ? tree.entries.get('remoteurl') : tree
  return remote !== undefined && isSet(remote)
}

export const proxy = section(stops('a pull-through cache', 'a pull-through cache is not supported yet', hasRemote), {
  remoteUrl: url({ about: 'URL of the upstream registry' }),
  username: text({ about: 'user name at the upstream registry' }),
  password: text({ secret: true, about: 'password at the upstream registry' }),
  exec: section(
    { about: 'a credential helper' },
    {
      command: text({ about: 'command that returns the credentials' }),
      lifetimeMs: duration({ about: 'lifetime of the returned credentials' }),
    },
  ),
  ttlMs: duration({
    minMs: Number.NEGATIVE_INFINITY,
    maxMs: Number.MAX_SAFE_INTEGER,
    about: 'lifetime of cached content',
  }),
  cacheWriteTimeoutMs: duration({ about: 'timeout of a cache write' }),
})
