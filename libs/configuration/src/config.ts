import type { SigningKey, UrlPolicy } from '@berth/manifest'
import type { http } from './schema/http.ts'
import type { log } from './schema/log.ts'
import type { ValueOf } from './schema/node.ts'
import type { services } from './schema/services.ts'
import type { storage } from './schema/storage.ts'
import type { Cidr } from './values/cidr.ts'
import type { SigningAlgorithm } from './values/signing-algorithms.ts'
import type { ListenAddress, RemoteAddress, TcpAddress } from './values/listen-address.ts'
import type { ServerTls } from './sections/load-tls.ts'
import type { Secret } from './values/secret.ts'

/** The checked configuration of a process, with all defaults. It is frozen. */
export interface Config {
  readonly log: LogConfig
  readonly storage: StorageConfig
  readonly http: HttpConfig
  /** `undefined`: every client may do everything. */
  readonly auth: AuthConfig | undefined
  readonly debug: DebugConfig
  readonly uploads: { readonly chunkMinLength: number }
  readonly manifests: ManifestsConfig
  readonly schema1: Schema1Config
  readonly catalog: { readonly maxEntries: number }
  readonly tags: { readonly maxTags: number }
  readonly health: HealthConfig
  readonly rpc: RpcConfig
  readonly services: ServicesConfig
  readonly redis: RedisRoles
  readonly notifications: NotificationsConfig
  /** Secrets are kept apart, so that the rest may be shown. */
  readonly secrets: SecretsConfig
}

export interface NotificationsConfig {
  /** Whether events of manifests name what the manifest references. */
  readonly includeReferences: boolean
  /** The endpoints that are not disabled. */
  readonly endpoints: readonly EndpointConfig[]
}

/** A webhook. */
export interface EndpointConfig {
  readonly name: string
  /** May contain a password. */
  readonly url: Secret
  readonly headers: Readonly<Record<string, readonly Secret[]>>
  readonly timeoutMs: number
  readonly threshold: number
  readonly backoffMs: number
  readonly batch: number
  readonly maxAgeMs: number
  readonly allowPrivate: boolean
  readonly ignoredMediaTypes: readonly string[]
  readonly ignoredActions: readonly string[]
}

/** The keys of `log` that are used as they are read. */
type PlainLog = Omit<ValueOf<typeof log>, 'level' | 'accessLog' | 'hooks' | 'reportCaller'>

export interface LogConfig extends PlainLog {
  readonly level: LogLevel
  readonly accessLog: boolean
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

type ReadStorage = ValueOf<typeof storage>

export interface StorageConfig {
  readonly driver:
    { readonly name: 'filesystem'; readonly rootDirectory: string } | { readonly name: 'inmemory' } | S3Config
  readonly cache: { readonly blobDescriptor: 'none' | 'inmemory' | 'redis'; readonly blobDescriptorSize: number }
  readonly delete: ReadStorage['delete']
  readonly redirect: RedirectConfig
  readonly readOnly: boolean
  readonly uploadPurging: ReadStorage['maintenance']['uploadPurging']
}

/** Redirects of clients that read blobs to the store, if the store has URLs. */
export interface RedirectConfig {
  readonly enabled: boolean
  /** Lifetime of a redirect URL. */
  readonly lifetimeMs: number
  /** Networks whose clients are never redirected. */
  readonly except: readonly Cidr[]
}

/** A bucket. Its credentials are in `secrets.s3`. */
export interface S3Config {
  readonly name: 's3'
  readonly region: string
  readonly bucket: string
  /** Prefix of all object keys. */
  readonly rootDirectory: string
  /** URL of the store; default: AWS. */
  readonly endpoint?: string
  /** Endpoint of redirect URLs, if it differs from `endpoint`. */
  readonly redirectEndpoint?: string
  readonly forcePathStyle: boolean
  readonly skipVerify: boolean
  readonly useDualStack: boolean
  readonly accelerate: boolean
  readonly useFips: boolean
  readonly encrypt: boolean
  /** The KMS key; default: the store's own key. */
  readonly keyId?: string
  /** Storage class of content; default: that of the bucket. */
  readonly storageClass?: string
  readonly objectAcl?: string
  readonly userAgent?: string
  /** Size of the parts of a multipart upload, in bytes. */
  readonly chunkSize: number
  readonly copyChunkSize: number
  readonly copyConcurrency: number
  /** Maximum size of an object that is copied with one request, in bytes. */
  readonly copyThreshold: number
  /** Whether writes carry CRC-32 checksums, and short reads are verified with them. */
  readonly checksums: boolean
  readonly maxAttempts: number
  /** Timeout of a request with all its attempts. */
  readonly timeoutMs: number
}

export interface S3Credentials {
  readonly accessKey: string
  readonly secretKey: Secret
  readonly sessionToken?: Secret
}

/** The keys of `http` that are used as they are read. */
type PlainHttp = Omit<
  ValueOf<typeof http>,
  'addr' | 'net' | 'secret' | 'relativeUrls' | 'tls' | 'debug' | 'http2' | 'h2c'
>

export interface HttpConfig extends PlainHttp {
  readonly listen: ListenAddress
  /** Whether `Location` is a path. */
  readonly relativeUrls: boolean
  /** Maximum size of a request's line and headers, in bytes. */
  readonly headMaxSize: number
  readonly urlMaxLength: number
  /** `undefined`: as many as the limit of open files allows. */
  readonly maxConnections: number | undefined
  /** Per IPv4 address or IPv6 network; `undefined`: half of all. */
  readonly maxConnectionsOfAddress: number | undefined
  /** `undefined`: plain HTTP. */
  readonly tls: ServerTls | undefined
}

/** Access control. */
export type AuthConfig = HtpasswdConfig | TokenConfig | BerthTokenConfig

/** Users from a file. Every user may do everything. */
export interface HtpasswdConfig {
  readonly kind: 'htpasswd'
  readonly realm: string
  readonly path: string
  /** Maximum failed logins of one user from one address per minute; 0: unlimited. */
  readonly failedLoginsPerMinute: number
}

/** Tokens of a token server. At least one of `rootCertBundle`, `jwks` and `jwksUrl` is given. */
export interface TokenConfig {
  readonly kind: 'token'
  readonly realm: string
  readonly service: string
  readonly issuer: string
  readonly rootCertBundle: string | undefined
  readonly jwks: string | undefined
  readonly jwksUrl: string | undefined
  /** Path of the token server on the host that the client's request names. If given, clients do not get `realm`. */
  readonly redirectPath: string | undefined
  readonly algorithms: readonly SigningAlgorithm[]
  readonly leewayMs: number
  /** One address may send ten times as many invalid tokens per minute; 0: unlimited. */
  readonly failedLoginsPerMinute: number
}

/** Tokens of Berth's own token server, for processes that issue tokens and for those that only verify them. */
export interface BerthTokenConfig {
  readonly kind: 'berth'
  readonly realm: string
  /** Path of the token server on the host that the client's request names. If given, clients do not get `realm`. */
  readonly redirectPath: string | undefined
  /** Scheme of the client's URL, unless a trusted proxy names it. */
  readonly scheme: 'http' | 'https'
  readonly service: string
  readonly issuer: string
  readonly policy: string
  readonly htpasswd: string | undefined
  readonly issuers: readonly IdentityIssuerConfig[]
  readonly keys: string | undefined
  readonly jwksUrl: string | undefined
  /** `undefined`: the default depends on `keys`. */
  readonly keyRotationMs: number | undefined
  readonly tokenLifetimeMs: number
  readonly refreshLifetimeMs: number
  readonly leewayMs: number
  readonly failedLoginsPerMinute: number
  /** Maximum token scopes for one address per second; 0: unlimited. */
  readonly tokensPerSecond: number
}

/** An OpenID provider whose identity tokens are accepted. */
export interface IdentityIssuerConfig {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string | undefined
  readonly ca: string | undefined
  readonly tokenFile: string | undefined
  /** JSON pointers into the token, by the names of claims in the policy. */
  readonly claims: Readonly<Record<string, string>>
}

export interface DebugConfig {
  /** `undefined`: the listener is off. */
  readonly listen: TcpAddress | undefined
  readonly metrics: ValueOf<typeof http>['debug']['prometheus']
}

/** Requirements for pushed manifests: `validation` and `policy`. */
export interface ManifestsConfig {
  readonly references: 'all' | 'none'
  /** Which manifests of an index must exist: all, none, or those of the listed platforms. */
  readonly indexes: 'all' | 'none' | readonly { readonly architecture: string; readonly os: string }[]
  /** Both lists empty: any http or https URL is accepted. */
  readonly urls: UrlPolicy
  /** Empty: all classes are accepted. */
  readonly classes: readonly string[]
}

/** Signed manifests of schema1: `compatibility.schema1`. */
export interface Schema1Config {
  readonly acceptsPushes: boolean
  /** Never shows its private part. Default: a new key. */
  readonly key?: SigningKey
}

export interface CheckTiming {
  readonly intervalMs: number
  /** Number of consecutive failures until the check counts as failed, at least 1. */
  readonly threshold: number
}

export interface HealthConfig {
  readonly storageDriver: CheckTiming & { readonly enabled: boolean }
  readonly files: readonly (CheckTiming & { readonly file: string })[]
  readonly http: readonly (CheckTiming & {
    readonly uri: string
    readonly headers: Readonly<Record<string, readonly string[]>>
    readonly statusCode: number
    readonly timeoutMs: number
  })[]
  readonly tcp: readonly (CheckTiming & {
    readonly host: string
    readonly port: number
    readonly timeoutMs: number
  })[]
}

/** gRPC between the split services. */
export interface RpcConfig {
  /** `undefined`: the process serves no gRPC. */
  readonly listen: TcpAddress | undefined
  /** `undefined`: without TLS. */
  readonly tls: RpcTls | undefined
  /** Whether it may listen beyond loopback without TLS. */
  readonly insecure: boolean
  readonly maxConnectionAgeMs: number
}

/** One certificate for both ends: what a service shows as a server, and as a client. */
export interface RpcTls {
  /** The files, which are read again when they change. */
  readonly files: { readonly certificateFile: string; readonly keyFile: string; readonly caFiles: readonly string[] }
  /** The certificate chain and its key, PEM. */
  readonly cert: string
  readonly key: Secret
  /**
   * CAs of the peers' certificates, PEM. If empty, clients need no certificate, and servers need one that the system
   * trusts.
   */
  readonly cas: readonly string[]
}

/** Where the split services find each other. */
export type ServicesConfig = ValueOf<typeof services>

/** Redis servers by role. The roles need opposite eviction settings. */
export interface RedisRoles {
  readonly cache: RedisConfig | undefined
  readonly queue: RedisConfig | undefined
}

export interface RedisConfig {
  /** At least one. Several addresses are a cluster, or sentinels if `masterName` is given. */
  readonly addresses: readonly RemoteAddress[]
  readonly masterName?: string
  readonly username?: string
  readonly password?: Secret
  readonly sentinelUsername?: string
  readonly sentinelPassword?: Secret
  readonly db: number
  /** Default: without TLS. */
  readonly tls?: RedisTls
  readonly dialTimeoutMs: number
  readonly readTimeoutMs: number
}

export interface RedisTls {
  /** The client's own certificate and its key, PEM. */
  readonly cert?: string
  readonly key?: Secret
  /** CAs of the servers, PEM; if empty, the CAs of the system. */
  readonly cas: readonly string[]
}

export interface SecretsConfig {
  /** `undefined`: the SDK finds credentials. */
  readonly s3: S3Credentials | undefined
  /** `uploads.keys`, else `http.secret` as the only key. */
  readonly uploadKeys: UploadKeys | undefined
}

/** The keys of upload tokens: one key signs, all keys verify. */
export interface UploadKeys {
  readonly signing: Secret
  readonly verifying: readonly Secret[]
}
