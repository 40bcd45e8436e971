import { list, section, type Meta } from './node.ts'
import { warns } from './not-yet.ts'
import { duration, flag, integer, text } from './values.ts'

// Distribution passes a negative one on, as "no limit".
const wait = (about: string) => duration({ minMs: Number.NEGATIVE_INFINITY, about })

/** The keys of v3, and those of 2.8 that it dropped. */
const keys = {
  addr: text({ about: 'one server, host:port (2.8)' }),
  addrs: list({ about: 'servers' }, text({ about: 'host:port' })),
  clientName: text({ about: 'name of the connections' }),
  db: integer({ min: 0, about: 'the database' }),
  protocol: integer({ about: 'RESP version' }),
  username: text({ about: 'user' }),
  password: text({ about: 'password' }),
  sentinelUsername: text({ about: 'user at the sentinels' }),
  sentinelPassword: text({ about: 'password at the sentinels' }),
  maxRetries: integer({ about: 'how often a command is tried again' }),
  minRetryBackoffMs: wait('the shortest pause before that'),
  maxRetryBackoffMs: wait('the longest'),
  dialTimeoutMs: wait('for a connection'),
  readTimeoutMs: wait('for an answer'),
  writeTimeoutMs: wait('for a command to be sent'),
  contextTimeoutEnabled: flag({ about: 'timeouts follow the request’s' }),
  poolFifo: flag({ about: 'the oldest connection is used first' }),
  poolSize: integer({ about: 'connections' }),
  poolTimeoutMs: wait('for a free connection'),
  minIdleConns: integer({ about: 'idle connections at least' }),
  maxIdleConns: integer({ about: 'idle connections at most' }),
  maxActiveConns: integer({ about: 'connections at most' }),
  connMaxIdleTimeMs: wait('how long one may be idle'),
  connMaxLifetimeMs: wait('how long one may live'),
  maxRedirects: integer({ about: 'redirections of a cluster that are followed' }),
  readOnly: flag({ about: 'replicas may be read' }),
  routeByLatency: flag({ about: 'the nearest is read' }),
  routeRandomly: flag({ about: 'any is read' }),
  masterName: text({ about: 'the sentinels’ name for the master' }),
  disableIdentity: flag({ about: 'the client does not name itself' }),
  identitySuffix: text({ about: 'added to its name' }),
  unstableResp3: flag({ about: 'RESP3 answers of modules' }),
  tls: section(
    { about: 'TLS' },
    {
      enabled: flag({ about: 'it is used (2.8)' }),
      certificate: text({ about: 'path' }),
      keyFile: text({ key: 'key', about: 'path' }),
      rootCas: list({ about: 'CAs' }, text({ about: 'path' })),
      clientCas: list({ about: 'CAs, by their former name' }, text({ about: 'path' })),
    },
  ),
  pool: section(
    { about: 'the pool (2.8)' },
    {
      maxIdle: integer({ about: 'idle connections at most' }),
      maxActive: integer({ about: 'connections at most' }),
      idleTimeoutMs: wait('how long one may be idle'),
    },
  ),
}

const role = (about: string) => section({ about, embedded: ['OPTIONS'] }, keys)

const meta: Meta = warns('Redis; the flat keys are the cache’s')

export const redis = section(
  { ...meta, embedded: ['OPTIONS'] },
  { ...keys, queue: role('the queue’s, which must not evict'), cache: role('the cache’s') },
)
