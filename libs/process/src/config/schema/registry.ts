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
  { about: 'uploads' },
  {
    keys: list(
      { about: 'keys of upload tokens: one signs, all verify; a ring of http.secret where there are none' },
      section(
        { about: 'a key' },
        {
          id: text({ required: true, about: 'the key’s name, which tokens carry' }),
          secret: text({ about: 'the key itself' }),
          secretFile: text({ about: 'path of a file that holds the key' }),
          use: oneOf(['sign', 'verify'], {
            required: true,
            about: 'whether it signs new tokens, or only verifies old ones',
          }),
        },
      ),
    ),
    chunkMinLength: integer({
      defaultText: '0; with s3, chunksize',
      min: 0,
      about: 'the smallest chunk that clients are asked for (OCI-Chunk-Min-Length), bytes',
    }),
  },
)

const policy = section(
  { about: 'what may be pushed' },
  {
    repository: section(
      { about: 'by repository' },
      {
        classes: list(
          { about: 'the classes of manifests that are accepted; all where none' },
          text({ about: 'as image' }),
        ),
      },
    ),
  },
)

const compatibility = section(
  { about: 'former formats' },
  {
    schema1: section(
      { about: 'signed manifests of schema 1' },
      {
        enabled: flag({ default: false, about: 'clients may push them; those that are stored are served anyway' }),
        signingKeyFile: text({
          field: 'TRUSTKEY',
          about: 'path of the private key that signs them (JWK or PEM; EC or RSA); a new one where it is not given',
        }),
      },
    ),
  },
)

/** The whole configuration: Distribution's keys, 2.8's and v3's, and Berth's own. */
export const registry = section(
  { about: 'the configuration' },
  {
    version: value('0.1', { required: true, about: 'of the file’s format' }, (written) => {
      if (written === '0.1') return written
      throw new InvalidValue('unsupported version: 0.1 is the only one')
    }),
    log,
    logLevel: logLevel({ about: 'deprecated: log.level' }),
    storage,
    auth,
    limits,
    middleware,
    reporting: anything(warns('error reporting to Bugsnag or New Relic')),
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
      { maxEntries: integer({ default: 1000, about: 'most repositories in one answer; 0 or less is the default' }) },
    ),
    tags: section(
      { about: 'lists of tags' },
      { maxTags: integer({ default: 1000, min: 0, about: 'most tags in one answer; 0 is the default' }) },
    ),
    uploads,
    queue,
    rpc,
    services,
    gc,
    events,
  },
)
