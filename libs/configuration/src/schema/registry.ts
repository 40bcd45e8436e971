import { InvalidValue } from '../problems.ts'
import { auth, limits, middleware, proxy } from './access.ts'
import { health } from './health.ts'
import { http } from './http.ts'
import { log, logLevel } from './log.ts'
import { anything, list, section } from './node.ts'
import { warns } from './not-yet.ts'
import { notifications } from './notifications.ts'
import { redis } from './redis.ts'
import { events, gc, queue, rpc, services } from './services.ts'
import { storage } from './storage.ts'
import { flag, integer, oneOf, text, value } from './values.ts'
import { validation } from './validation.ts'

const uploads = section(
  { own: true, about: 'uploads' },
  {
    keys: list(
      { about: 'keys of upload tokens: one key signs, all keys verify; default: http.secret' },
      section(
        { about: 'a key' },
        {
          id: text({ required: true, about: 'the key’s name, included in tokens' }),
          secret: text({ secret: true, about: 'the key itself' }),
          secretFile: text({ about: 'path of a file that holds the key' }),
          use: oneOf(['sign', 'verify'], {
            required: true,
            about: 'a key of use sign signs new tokens; a key of use verify only verifies older tokens',
          }),
        },
      ),
    ),
    chunkMinLength: integer({
      defaultNote: '0; with s3, chunksize',
      min: 0,
      about: 'minimum chunk size that clients are asked to send (OCI-Chunk-Min-Length), in bytes',
    }),
  },
)

const policy = section(
  { about: 'restrictions on pushes' },
  {
    repository: section(
      { about: 'restrictions on repositories' },
      {
        classes: list(
          { about: 'accepted classes of manifests; default: all' },
          text({ about: 'a class, such as image' }),
        ),
      },
    ),
  },
)

const compatibility = section(
  { about: 'support for older formats' },
  {
    schema1: section(
      { about: 'signed manifests of schema 1' },
      {
        enabled: flag({
          default: false,
          about: 'clients may push signed manifests of schema 1; stored ones are always served',
        }),
        signingKeyFile: text({
          field: 'TRUSTKEY',
          about: 'path of the private key that signs manifests of schema 1 (JWK or PEM; EC or RSA); default: a new key',
        }),
      },
    ),
  },
)

/** The whole configuration: Distribution's keys, 2.8's and v3's, and Berth's own. */
export const registry = section(
  { about: 'the configuration' },
  {
    version: value(
      '0.1',
      { required: true, json: { enum: [0.1, '0.1'] }, about: 'version of the file format' },
      (written) => {
        if (written === '0.1') return written
        throw new InvalidValue('unsupported version: 0.1 is the only one')
      },
    ),
    log,
    logLevel: logLevel({ about: 'deprecated: log.level' }),
    storage,
    auth,
    limits,
    middleware,
    reporting: anything({ secret: true, ...warns('error reporting to Bugsnag or New Relic') }),
    http,
    notifications,
    redis,
    health,
    proxy,
    compatibility,
    validation,
    policy,
    catalog: section(
      { about: 'the list of repositories' },
      {
        maxEntries: integer({
          default: 1000,
          about: 'maximum number of repositories in one response; 0 or less: the default',
        }),
      },
    ),
    tags: section(
      { about: 'lists of tags' },
      { maxTags: integer({ default: 1000, min: 0, about: 'maximum number of tags in one response; 0: the default' }) },
    ),
    uploads,
    queue,
    rpc,
    services,
    gc,
    events,
  },
)
