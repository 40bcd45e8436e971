import type { RedisConfig, RedisRoles, RedisTlsConfig } from './config.ts'
import type { Findings } from './problems.ts'
import type { ValueOf } from './schema/node.ts'
import type { redis } from './schema/redis.ts'
import { Secret } from './secret.ts'

type Read = ValueOf<typeof redis>
type ReadRole = Read['cache']

/** Redis by role: what Distribution calls `redis` is the cache. */
export function toRedisRoles(read: Read, findings: Findings): RedisRoles {
  const flat = toRedis('redis', read, findings)
  const cache = toRedis('redis.cache', read.cache, findings)
  if (flat !== undefined && cache !== undefined) {
    findings.problem('redis.cache.addrs', 'redis.addrs is the cache, too: give one of the two')
  }
  const queue = toRedis('redis.queue', read.queue, findings)
  if (queue !== undefined) findings.warning('redis.queue', 'has no effect yet: there is no queue')
  return { cache: cache ?? flat, queue }
}

function toRedis(path: string, read: ReadRole, findings: Findings): RedisConfig | undefined {
  const { addr, addrs, masterName, username, password, sentinelUsername, sentinelPassword } = read
  if (addr !== undefined && addrs.length > 0) {
    findings.problem(`${path}.addr`, `${path}.addrs is given, too: give one of the two`)
  }
  const tls = toTls(path, read.tls, findings)
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

function toTls(path: string, read: ReadRole['tls'], findings: Findings): RedisTlsConfig | undefined {
  const { certificate, keyFile } = read
  const caFiles = [...read.rootCas, ...read.clientCas]
  if (Boolean(certificate) !== Boolean(keyFile)) {
    const missing = certificate ? 'key' : 'certificate'
    findings.problem(`${path}.tls.${missing}`, 'is required: a client certificate has a key')
  }
  const isUsed = read.enabled ?? (certificate !== undefined || caFiles.length > 0)
  if (!isUsed) return undefined
  return { ...(certificate && { certificateFile: certificate }), ...(keyFile && { keyFile }), caFiles }
}
