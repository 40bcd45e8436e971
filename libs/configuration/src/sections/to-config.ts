import type {
  Config,
  HealthConfig,
  HttpConfig,
  LogConfig,
  ManifestsConfig,
  RedisRoles,
  SecretsConfig,
  StorageConfig,
} from '../config.ts'
import { parseTcpAddress } from '../values/listen-address.ts'
import { entryPath, InvalidValue, type Findings } from '../problems.ts'
import { isHeaderName } from '../schema/http.ts'
import type { ValueOf } from '../schema/node.ts'
import type { registry } from '../schema/registry.ts'
import { toAuth } from './to-auth.ts'
import { toNotifications } from './to-notifications.ts'
import { toRedisRoles } from './to-redis.ts'
import { toRpc } from './to-rpc.ts'
import { toS3, toS3Credentials } from './to-s3.ts'
import { toSchema1 } from './to-schema1.ts'
import { toTls } from './to-tls.ts'
import { toUploadKeys } from './to-upload-keys.ts'

/** Of a chunk, bytes: some clients hold one in memory. */
const mostAskedOfClients = 16 * 1024 * 1024

type Read = ValueOf<typeof registry>

/** Puts what was read into the shape that processes use, and checks what no single key can tell. */
export function toConfig(read: Read, readFile: (path: string) => string, findings: Findings): Config {
  const redis = toRedisRoles(read.redis, readFile, findings)
  const storage = toStorage(read.storage, redis, findings)
  return {
    log: toLog(read),
    storage,
    http: toHttp(read, readFile, findings),
    auth: toAuth(read, findings),
    debug: {
      listen: read.http.debug.addr === 'off' ? undefined : read.http.debug.addr,
      metrics: read.http.debug.prometheus,
    },
    uploads: { chunkMinLength: read.uploads.chunkMinLength ?? chunkMinLengthOf(storage.driver) },
    manifests: toManifests(read),
    schema1: toSchema1(read.compatibility.schema1, readFile, findings),
    catalog: { maxEntries: read.catalog.maxEntries > 0 ? read.catalog.maxEntries : 1000 },
    tags: { maxTags: read.tags.maxTags > 0 ? read.tags.maxTags : 1000 },
    health: toHealth(read.health),
    rpc: toRpc(read.rpc, readFile, findings),
    services: read.services,
    redis,
    notifications: toNotifications(read.notifications, findings),
    secrets: { s3: toSecretsOfS3(read.storage, findings), uploadKeys: toUploadKeys(read, readFile, findings) },
  }
}

/** In a bucket each chunk costs three requests, and one that is shorter than a part is sent again with the next. */
function chunkMinLengthOf(driver: StorageConfig['driver']): number {
  return driver.name === 's3' ? Math.min(driver.chunkSize, mostAskedOfClients) : 0
}

function toStorage(read: Read['storage'], redis: RedisRoles, findings: Findings): StorageConfig {
  const { cache, maintenance, redirect } = read
  const blobDescriptor = cache.blobDescriptor ?? cache.layerInfo ?? 'none'
  if (blobDescriptor === 'redis' && redis.cache === undefined) {
    const key = cache.blobDescriptor === undefined ? 'layerinfo' : 'blobdescriptor'
    findings.problem(`storage.cache.${key}`, 'redis needs redis.cache.addrs (or redis.addrs)')
  }
  return {
    driver: toDriver(read, findings),
    cache: { blobDescriptor, blobDescriptorSize: cache.blobDescriptorSize },
    delete: read.delete,
    redirect: { enabled: !redirect.disable, lifetimeMs: redirect.lifetimeMs, except: redirect.except },
    readOnly: maintenance.readOnly.enabled,
    uploadPurging: maintenance.uploadPurging,
  }
}

function toDriver({ filesystem, s3, s3Aws }: Read['storage'], findings: Findings): StorageConfig['driver'] {
  if (filesystem !== undefined) return { name: 'filesystem', rootDirectory: filesystem.rootDirectory }
  if (s3Aws !== undefined) return toS3('storage.s3aws', s3Aws, findings)
  return s3 === undefined ? { name: 'inmemory' } : toS3('storage.s3', s3, findings)
}

function toSecretsOfS3({ s3, s3Aws }: Read['storage'], findings: Findings): SecretsConfig['s3'] {
  if (s3Aws !== undefined) return toS3Credentials('storage.s3aws', s3Aws, findings)
  return s3 && toS3Credentials('storage.s3', s3, findings)
}

function toLog({ log, logLevel }: Read): LogConfig {
  const { level, accessLog, hooks: _hooks, reportCaller: _reportCaller, ...plain } = log
  return { ...plain, level: level ?? logLevel ?? 'info', accessLog: !accessLog.disabled }
}

function toHttp({ http: read, limits }: Read, readFile: (path: string) => string, findings: Findings): HttpConfig {
  if (limits.urlLength > limits.headerSize) {
    findings.problem('limits.urllength', 'is more than limits.headersize: a URL is part of the head')
  }
  for (const [index, name] of Object.keys(read.headers).entries()) {
    if (!isHeaderName(name)) findings.problem(entryPath('http.headers', index), 'cannot be the name of a header')
  }
  const { addr, net, secret: _, relativeUrls, tls, debug: _debug, http2: _http2, h2c: _h2c, ...plain } = read
  return {
    ...plain,
    listen: toListenAddress({ addr, net }, findings),
    relativeUrls: relativeUrls ?? read.host === undefined,
    headMaxSize: limits.headerSize,
    urlMaxLength: limits.urlLength,
    maxConnections: limits.connections,
    maxConnectionsOfAddress: limits.connectionsPerAddress,
    tls: toTls(tls, readFile, findings),
  }
}

function toListenAddress({ net, addr }: Pick<Read['http'], 'net' | 'addr'>, findings: Findings): HttpConfig['listen'] {
  if (net === 'unix') return { net, path: addr }
  try {
    return parseTcpAddress(addr)
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    findings.problem('http.addr', error.message)
    return { net, port: 0 }
  }
}

function toManifests({ validation, policy }: Read): ManifestsConfig {
  const { references, urls, indexes } = validation.manifests
  const isChecked = validation.enabled || !validation.disabled
  const children = { all: 'all', none: 'none', list: indexes.platformList } as const
  return {
    references: isChecked ? references : 'none',
    // An empty list checks all, as in Distribution.
    indexes: indexes.platforms === 'list' && indexes.platformList.length === 0 ? 'all' : children[indexes.platforms],
    urls,
    classes: policy.repository.classes,
  }
}

function toHealth(read: Read['health']): HealthConfig {
  const timing = ({ intervalMs, threshold }: { intervalMs: number; threshold: number }) => ({
    intervalMs,
    threshold: Math.max(1, threshold),
  })
  return {
    storageDriver: { enabled: read.storageDriver.enabled, ...timing(read.storageDriver) },
    files: read.files.map((check) => ({ ...timing(check), file: check.file })),
    http: read.http.map((check) => ({
      ...timing(check),
      uri: check.uri,
      headers: check.headers,
      statusCode: check.statusCode || 200,
      timeoutMs: check.timeoutMs || check.intervalMs,
    })),
    tcp: read.tcp.map((check) => ({
      ...timing(check),
      host: check.addr.host,
      port: check.addr.port,
      timeoutMs: check.timeoutMs || check.intervalMs,
    })),
  }
}
