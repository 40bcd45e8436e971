import type { Cidr, Config } from '@berth/configuration'

/** What an operator decides about the API; the keys of the configuration that mean the same are named. */
export interface HttpApiSettings {
  /** `http.prefix`: what comes before `/v2/` in every path; begins and ends with a slash. */
  readonly prefix: string
  /** `http.host`: scheme and host (and path) of absolute URLs. Where it is given, URLs are absolute. */
  readonly host: string | undefined
  /** `http.relativeurls` */
  readonly relativeUrls: boolean
  /** `http.headers`: added to every response of a route. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** `http.trustedproxies`: whose `Forwarded`, `X-Forwarded-*` and `X-Request-Id` are believed. */
  readonly trustedProxies: readonly Cidr[]
  /** `storage.maintenance.readonly.enabled`: the methods that change anything are not there. */
  readonly isReadOnly: boolean
  /** `storage.delete.enabled` */
  readonly deletesAllowed: boolean
  /** `storage.redirect.except`: whose clients are not sent to the store, where others are. */
  readonly redirectExcept: readonly Cidr[]
  /** Whether a blob may be mounted of any repository: only where nothing restricts reading. */
  readonly mountsWithoutFrom: boolean
  /** `uploads.chunkminlength`: bytes; 0 asks for nothing. */
  readonly chunkMinLength: number
  /** `catalog.maxentries` */
  readonly catalogMaxEntries: number
  /** `tags.maxtags` */
  readonly tagsMaxTags: number
  /** Bytes that a pushed manifest may have. */
  readonly manifestMaxSize: number
  /** Whether successful requests have a line in the log (`log.accesslog.disabled` is its opposite). */
  readonly logsSuccesses: boolean
  /** `http.stalltimeout`: how long a request may make no progress. */
  readonly stallTimeoutMs: number
  /** `http.keepalive`: how long an idle connection is kept. */
  readonly keepAliveTimeoutMs: number
  /** How long a connection on which nothing is asked is kept when closing: its next request may be on its way. */
  readonly lingerTimeoutMs: number
  /** `limits.headersize`: bytes that the head of a request may have, its line included. */
  readonly headMaxSize: number
  /** `limits.urllength`: characters that the path and query of a request may have. */
  readonly urlMaxLength: number
  /** `limits.connections`; `undefined`: as many as the limit of open files allows. */
  readonly maxConnections: number | undefined
  /** `limits.connectionsperaddress`: of one IPv4 address or IPv6 network; `undefined`: half of all. */
  readonly maxConnectionsOfNetwork: number | undefined
  /** How long the head of a request may take. */
  readonly headTimeoutMs: number
}

/** The settings that no key of the configuration has. */
const fixedSettings = {
  mountsWithoutFrom: true,
  manifestMaxSize: 4 * 1024 * 1024,
  lingerTimeoutMs: 1000,
  headTimeoutMs: 30_000,
}

/** The settings that a configuration asks for. */
export function settingsOf({ http, storage, uploads, catalog, tags, log }: Config): HttpApiSettings {
  return {
    ...fixedSettings,
    prefix: http.prefix,
    host: http.host,
    relativeUrls: http.relativeUrls,
    headers: http.headers,
    trustedProxies: http.trustedProxies,
    isReadOnly: storage.readOnly,
    deletesAllowed: storage.delete.enabled,
    redirectExcept: storage.redirect.except,
    chunkMinLength: uploads.chunkMinLength,
    catalogMaxEntries: catalog.maxEntries,
    tagsMaxTags: tags.maxTags,
    logsSuccesses: log.accessLog,
    stallTimeoutMs: http.stallTimeoutMs,
    keepAliveTimeoutMs: http.keepAliveMs,
    headMaxSize: http.headMaxSize,
    urlMaxLength: http.urlMaxLength,
    maxConnections: http.maxConnections,
    maxConnectionsOfNetwork: http.maxConnectionsOfAddress,
  }
}
