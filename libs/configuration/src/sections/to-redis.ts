import type { RedisConfig, RedisRoles, RedisTls } from '../config.ts'
import { PemFiles } from '../sources/pem-files.ts'
import type { Findings } from '../problems.ts'
import type { ValueOf } from '../schema/node.ts'
import type { redis } from '../schema/redis.ts'
import { Secret } from '../values/secret.ts'

type Read = ValueOf<typeof redis>
type ReadRole = Read['cache']
type ReadFile = (path: string) => string

/** Redis by role: what Distribution calls `redis` is the cache. */
export function toRedisRoles(read: Read, readFile: ReadFile, findings: Findings): RedisRoles {
  const flat = toRedis('redis', read, readFile, findings)
  const cache = toRedis('redis.cache', read.cache, readFile, findings)
  if (flat !== undefined && cache !== undefined) {
    findings.problem('redis.cache.addrs', 'redis.addrs is the cache, too: give one of the two')
  }
  const queue = toRedis('redis.queue', read.queue, readFile, findings)
  if (queue !== undefined) findings.warning('redis.queue', 'has no effect yet: there is no queue')
  return { cache: cache ?? flat, queue }
}

function toRedis(path: string, read: ReadRole, readFile: ReadFile, findings: Findings): RedisConfig | undefined {
  const { addr, addrs, masterName, username, password, sentinelUsername, sentinelPassword } = read
  if (addr !== undefined && addrs.length > 0) {
    findings.problem(`${path}.addr`, `${path}.addrs is given, too: give one of the two`)
  }
  const tls = toTls(`${path}.tls`, read.tls, readFile, findings)
  const addresses = addr === undefined ? addrs : [addr]
  if (addresses.length === 0) {
    // As in Distribution, what names no server is not used.
    if (masterName || username || password || tls !== undefined) {
      findings.warning(path, `has no effect without ${path}.addrs`)
    }
    return undefined
  }
  return {
    addresses,
    ...(masterName && { masterName }),
    ...(username && { username }),
    ...(password && { password: new Secret(password) }),
    ...(sentinelUsername && { sentinelUsername }),
    ...(sentinelPassword && { sentinelPassword: new Secret(sentinelPassword) }),
    db: read.db ?? 0,
    ...(tls && { tls }),
    dialTimeoutMs: read.dialTimeoutMs ?? 1000,
    readTimeoutMs: read.readTimeoutMs ?? 200,
  }
}

/** @returns `undefined`: there is none, or a problem */
function toTls(path: string, read: ReadRole['tls'], readFile: ReadFile, findings: Findings): RedisTls | undefined {
  const { certificate, keyFile, rootCas, clientCas } = read
  if (Boolean(certificate) !== Boolean(keyFile)) {
    const missing = certificate ? 'key' : 'certificate'
    findings.problem(`${path}.${missing}`, 'is required: a client certificate has a key')
    return undefined
  }
  const isUsed = read.enabled ?? (Boolean(certificate) || rootCas.length + clientCas.length > 0)
  if (!isUsed) return undefined
  const pem = new PemFiles(path, readFile, findings)
  const own = certificate && keyFile && { cert: pem.read('certificate', certificate), key: pem.read('key', keyFile) }
  const cas = [
    ...rootCas.map((file, index) => pem.read(`rootcas[${index}]`, file)),
    ...clientCas.map((file, index) => pem.read(`clientcas[${index}]`, file)),
  ]
  if (!pem.areUsable({ ...own, cas })) return undefined
  return { ...(own && { cert: own.cert, key: new Secret(own.key) }), cas }
}
