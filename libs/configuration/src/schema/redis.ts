import { parseRemoteAddress } from '../values/listen-address.ts'
import { list, section, type Meta } from './node.ts'
import { warns } from './not-yet.ts'
import { duration, flag, integer, text, value } from './values.ts'

const unused = (about: string): Meta => warns(about, 'has no effect')

// Distribution passes a negative one on, as "no limit".
const unusedWait = (about: string) => duration({ ...unused(about), minMs: Number.NEGATIVE_INFINITY })

/** The keys of v3, and those of 2.8 that it dropped. */
const keys = {
  addr: value('host:port', { about: 'one server (2.8)' }, parseRemoteAddress),
  addrs: list(
    { about: 'servers; several servers form a cluster, or are sentinels if mastername is set' },
    value('host:port', { about: 'a server' }, parseRemoteAddress),
  ),
  db: integer({ defaultText: '0', min: 0, about: 'the database' }),
  username: text({ about: 'user' }),
  password: text({ secret: true, about: 'password' }),
  masterName: text({ about: 'the sentinels’ name for the master' }),
  sentinelUsername: text({ about: 'user at the sentinels' }),
  sentinelPassword: text({ secret: true, about: 'password at the sentinels' }),
  dialTimeoutMs: duration({ defaultText: '1s', minMs: 1, about: 'timeout for connecting' }),
  readTimeoutMs: duration({ defaultText: '200ms', minMs: 1, about: 'timeout for a reply' }),
  tls: section(
    { about: 'TLS; used if any of its keys is set' },
    {
      enabled: flag({ about: 'TLS is used (2.8)' }),
      certificate: text({ about: 'path of the client’s certificate, PEM' }),
      keyFile: text({ key: 'key', about: 'path of its private key, PEM' }),
      rootCas: list({ about: 'CAs of the servers; default: the CAs of the system' }, text({ about: 'a path' })),
      clientCas: list({ about: 'former name of rootcas' }, text({ about: 'a path' })),
    },
  ),
  clientName: text(unused('name of the connections')),
  protocol: integer(unused('RESP version')),
  maxRetries: integer(unused('how often a command is tried again')),
  minRetryBackoffMs: unusedWait('the shortest pause before that'),
  maxRetryBackoffMs: unusedWait('the longest'),
  writeTimeoutMs: unusedWait('for a command to be sent'),
  contextTimeoutEnabled: flag(unused('timeouts follow the request’s')),
  poolFifo: flag(unused('the oldest connection is used first')),
  poolSize: integer(unused('connections')),
  poolTimeoutMs: unusedWait('for a free connection'),
  minIdleConns: integer(unused('idle connections at least')),
  maxIdleConns: integer(unused('maximum number of idle connections')),
  maxActiveConns: integer(unused('maximum number of connections')),
  connMaxIdleTimeMs: unusedWait('maximum idle time of a connection'),
  connMaxLifetimeMs: unusedWait('how long one may live'),
  maxRedirects: integer(unused('redirections of a cluster that are followed')),
  readOnly: flag(unused('replicas may be read')),
  routeByLatency: flag(unused('the nearest is read')),
  routeRandomly: flag(unused('any is read')),
  disableIdentity: flag(unused('the client does not name itself')),
  identitySuffix: text(unused('added to its name')),
  unstableResp3: flag(unused('RESP3 answers of modules')),
  pool: section(unused('the pool (2.8)'), {
    maxIdle: integer({ about: 'maximum number of idle connections' }),
    maxActive: integer({ about: 'maximum number of connections' }),
    idleTimeoutMs: duration({ minMs: Number.NEGATIVE_INFINITY, about: 'maximum idle time of a connection' }),
  }),
}

const role = (about: string) => section({ about, own: true, embedded: ['OPTIONS'] }, keys)

export const redis = section(
  { about: 'Redis; the flat keys are the cache’s', embedded: ['OPTIONS'] },
  { ...keys, queue: role('the queue’s, which must not evict'), cache: role('the cache’s, which may') },
)
