import { cipherList } from './cipher-suites.ts'
import type { Config, HealthConfig, HttpConfig, RedisRoles, SecretsConfig, StorageConfig, TlsConfig } from './config.ts'
import { parseTcpAddress } from './listen-address.ts'
import { InvalidValue, type Findings } from './problems.ts'
import { isHeaderName } from './schema/http.ts'
import type { ValueOf } from './schema/node.ts'
import type { registry } from './schema/registry.ts'
import { Secret } from './secret.ts'
import { toRedisRoles } from './to-redis.ts'
import { toRpc } from './to-rpc.ts'

type Read = ValueOf<typeof registry>

/** Puts what was read into the shape that processes use, and checks what no single key can tell. */
export function toConfig(read: Read, readFile: (path: string) => string, findings: Findings): Config {
  const { validation } = read
  const redis = toRedisRoles(read.redis, findings)
  return {
    log: {
      level: read.log.level ?? read.logLevel ?? 'info',
      formatter: read.log.formatter,
      fields: read.log.fields,
      accessLog: !read.log.accessLog.disabled,
    },
    storage: toStorage(read.storage, redis, findings),
    http: toHttp(read.http, findings),
    debug: {
      listen: read.http.debug.addr === 'off' ? undefined : read.http.debug.addr,
      metrics: read.http.debug.prometheus,
    },
    uploads: { chunkMinLength: read.uploads.chunkMinLength },
    validation: {
      enabled: validation.enabled || !validation.disabled,
      references: validation.manifests.references,
      urls: validation.manifests.urls,
      indexes: validation.manifests.indexes,
    },
    policy: { repositoryClasses: read.policy.repository.classes },
    catalog: { maxEntries: read.catalog.maxEntries > 0 ? read.catalog.maxEntries : 1000 },
    tags: { maxTags: read.tags.maxTags > 0 ? read.tags.maxTags : 1000 },
    health: toHealth(read.health),
    rpc: toRpc(read.rpc, findings),
    services: read.services,
    redis,
    secrets: {
      http: read.http.secret ? new Secret(read.http.secret) : undefined,
      uploadKeys: toUploadKeys(read.uploads.keys, readFile, findings),
    },
  }
}

function toStorage(read: Read['storage'], redis: RedisRoles, findings: Findings): StorageConfig {
  const { filesystem, cache, maintenance } = read
  const blobDescriptor = cache.blobDescriptor ?? cache.layerInfo ?? 'none'
  if (blobDescriptor === 'redis' && redis.cache === undefined) {
    const key = cache.blobDescriptor === undefined ? 'layerinfo' : 'blobdescriptor'
    findings.problem(`storage.cache.${key}`, 'redis needs redis.cache.addrs (or redis.addrs)')
  }
  return {
    driver:
      filesystem === undefined ? { name: 'inmemory' } : { name: 'filesystem', rootDirectory: filesystem.rootDirectory },
    cache: { blobDescriptor, blobDescriptorSize: cache.blobDescriptorSize },
    delete: read.delete,
    redirect: { enabled: !read.redirect.disable },
    readOnly: maintenance.readOnly.enabled,
    uploadPurging: maintenance.uploadPurging,
  }
}

function toHttp(read: Read['http'], findings: Findings): HttpConfig {
  for (const name of Object.keys(read.headers)) {
    if (!isHeaderName(name)) findings.problem(`http.headers.${name}`, 'cannot be the name of a header')
  }
  return {
    listen: toListenAddress(read, findings),
    host: read.host,
    prefix: read.prefix,
    relativeUrls: read.relativeUrls ?? read.host === undefined,
    drainTimeoutMs: read.drainTimeoutMs,
    stallTimeoutMs: read.stallTimeoutMs,
    keepAliveMs: read.keepAliveMs,
    trustedProxies: read.trustedProxies,
    headers: read.headers,
    tls: toTls(read.tls, findings),
  }
}

function toListenAddress({ net, addr }: Read['http'], findings: Findings): HttpConfig['listen'] {
  if (net === 'unix') return { net, path: addr }
  try {
    return parseTcpAddress(addr)
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    findings.problem('http.addr', error.message)
    return { net, port: 0 }
  }
}

function toTls(read: Read['http']['tls'], findings: Findings): TlsConfig | undefined {
  const { certificate, keyFile } = read
  const clientCaFiles = read.clientCas
  if (!certificate && !keyFile) {
    // Whoever asks for client certificates must not get a server that speaks to everyone.
    if (clientCaFiles.length > 0) findings.problem('http.tls.clientcas', 'needs http.tls.certificate and http.tls.key')
    return undefined
  }
  if (!certificate || !keyFile) {
    const missing = certificate ? 'key' : 'certificate'
    findings.problem(`http.tls.${missing}`, 'is required: TLS needs a certificate and its key')
    return undefined
  }
  return {
    certificateFile: certificate,
    keyFile,
    clientCaFiles,
    clientAuth: clientCaFiles.length > 0 ? read.clientAuth : 'none',
    minimumVersion: read.minimumTls,
    ciphers: cipherList(read.cipherSuites),
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

function toUploadKeys(
  keys: Read['uploads']['keys'],
  readFile: (path: string) => string,
  findings: Findings,
): SecretsConfig['uploadKeys'] {
  const signing = keys.filter(({ use }) => use === 'sign').length
  if (keys.length > 0 && signing !== 1) {
    findings.problem('uploads.keys', `exactly one key must be of use sign, not ${signing}`)
  }
  const seen = new Set<string>()
  return keys.map(({ id, secret, secretFile, use }, index) => {
    const path = `uploads.keys[${index}]`
    if (seen.has(id)) findings.problem(`${path}.id`, `${JSON.stringify(id)} is the id of another key, too`)
    seen.add(id)
    return { id, secret: new Secret(keyText(path, secret, secretFile, readFile, findings)), use }
  })
}

function keyText(
  path: string,
  secret: string | undefined,
  secretFile: string | undefined,
  readFile: (path: string) => string,
  findings: Findings,
): string {
  if ((secret === undefined) === (secretFile === undefined)) {
    findings.problem(path, 'needs either a secret or a secretfile')
    return ''
  }
  const key = secretFile === undefined ? secret : read()
  if (key === '') findings.problem(path, 'the secret is empty')
  return key ?? ''

  function read(): string | undefined {
    try {
      return readFile(secretFile ?? '').trimEnd()
    } catch (error) {
      findings.problem(
        `${path}.secretfile`,
        `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      )
      return undefined
    }
  }
}
