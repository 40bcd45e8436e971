import { parseRemoteAddress } from '../values/listen-address.ts'
import { list, section, type Meta } from './node.ts'
import { warns } from './not-yet.ts'
import { duration, flag, integer, text, value } from './values.ts'

const unused = (about: string): Meta => warns(about, 'has no effect')

// Distribution passes a negative one on, as "no limit".
const unusedWait = (about: string) => duration({ ...unused(about), minMs: Number.NEGATIVE_INFINITY })

/** The keys of v3, and those of 2.8 that it dropped. */
const keys = {
  addr: value('host:port', { about: 'the only server (2.8)' }, parseRemoteAddress),
  addrs: list(
    { about: 'servers; several servers form a cluster, or are sentinels if mastername is set' },
    value('host:port', { about: 'a server' }, parseRemoteAddress),
  ),
  db: integer({ defaultText: '0', min: 0, about: 'number of the database' }),
  username: text({ about: 'user name' }),
  password: text({ secret: true, about: 'password' }),
  masterName: text({ about: 'the sentinels’ name for the master' }),
  sentinelUsername: text({ about: 'user at the sentinels' }),
  sentinelPassword: text({ secret: true, about: 'password at the sentinels' }),
  dialTimeoutMs: duration({ defaultText: '1s', minMs: 1, about: 'timeout for connecting' }),
  readTimeoutMs: duration({ defaultText: '200ms', minMs: 1, about: 'timeout for a reply' }),
  tls: section(
    { about: 'TLS; used if any of its keys is set' },
    {
      enabled: flag({ about: 'TLS is used (2.8); default: true if any other key of tls is set' }),
      certificate: text({ about: 'path of the client’s certificate, PEM' }),
      keyFile: text({ key: 'key', about: 'path of its private key, PEM' }),
      rootCas: list({ about: 'CAs of the servers; default: the CAs of the system' }, text({ about: 'a path' })),
      clientCas: list({ about: 'former name of rootcas' }, text({ about: 'a path' })),
    },
  ),
  clientName: text(unused('name of the client’s connections')),
  protocol: integer(unused('version of the RESP protocol')),
  maxRetries: integer(unused('maximum number of retries of a command')),
  minRetryBackoffMs: unusedWait('minimum pause before a retry'),
  maxRetryBackoffMs: unusedWait('maximum pause before a retry'),
  writeTimeoutMs: unusedWait('timeout for sending a command'),
  contextTimeoutEnabled: flag(unused('commands end with the timeout of the request that needs them')),
  poolFifo: flag(unused('the pool uses the oldest connection first')),
  poolSize: integer(unused('maximum number of connections in the pool')),
  poolTimeoutMs: unusedWait('timeout for getting a connection from the pool'),
  minIdleConns: integer(unused('minimum number of idle connections')),
  maxIdleConns: integer(unused('maximum number of idle connections')),
  maxActiveConns: integer(unused('maximum number of connections')),
  connMaxIdleTimeMs: unusedWait('maximum idle time of a connection'),
  connMaxLifetimeMs: unusedWait('maximum age of a connection'),
  maxRedirects: integer(unused('maximum number of cluster redirects to follow')),
  readOnly: flag(unused('commands that only read may go to replicas')),
  routeByLatency: flag(unused('commands that only read go to the nearest server')),
  routeRandomly: flag(unused('commands that only read go to a random server')),
  disableIdentity: flag(unused('the client does not send its name to the server')),
  identitySuffix: text(unused('suffix of the client’s name')),
  unstableResp3: flag(unused('modules may answer in RESP3')),
  pool: section(unused('the connection pool (2.8)'), {
    maxIdle: integer({ about: 'maximum number of idle connections' }),
    maxActive: integer({ about: 'maximum number of connections' }),
    idleTimeoutMs: duration({ minMs: Number.NEGATIVE_INFINITY, about: 'maximum idle time of a connection' }),
  }),
}

const role = (about: string) => section({ about, own: true, embedded: ['OPTIONS'] }, keys)

export const redis = section(
  { about: 'Redis; the keys directly below belong to the cache', embedded: ['OPTIONS'] },
  {
    ...keys,
    queue: role('Redis for the queue; it must not evict keys'),
    cache: role('Redis for the cache; it may evict keys'),
  },
)
