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

/** What a process is told to do: the configuration after every check, with its defaults, frozen. */
export interface Config {
  readonly log: LogConfig
  readonly storage: StorageConfig
  readonly http: HttpConfig
  /** `undefined`: everyone may do everything. */
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
  /** Apart from the rest, which may be shown. */
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

/** Clients that read blobs are sent to the store, where it has URLs. */
export interface RedirectConfig {
  readonly enabled: boolean
  /** Of a URL. */
  readonly lifetimeMs: number
  /** Clients in these networks are not sent there. */
  readonly except: readonly Cidr[]
}

/** A bucket; credentials are apart, in `secrets.s3`. */
export interface S3Config {
  readonly name: 's3'
  readonly region: string
  readonly bucket: string
  /** Below which all keys lie. */
  readonly rootDirectory: string
  /** A URL; without it, AWS. */
  readonly endpoint?: string
  /** The endpoint in URLs that clients are sent to, where it is another one. */
  readonly redirectEndpoint?: string
  readonly forcePathStyle: boolean
  readonly skipVerify: boolean
  readonly useDualStack: boolean
  readonly accelerate: boolean
  readonly useFips: boolean
  readonly encrypt: boolean
  /** Of KMS; without it, the store's own key. */
  readonly keyId?: string
  /** Of content at its final place; without it, and without the next, as the bucket has it. */
  readonly storageClass?: string
  readonly objectAcl?: string
  readonly userAgent?: string
  /** Of what is written in parts, bytes. */
  readonly chunkSize: number
  readonly copyChunkSize: number
  readonly copyConcurrency: number
  /** Up to here one request copies. */
  readonly copyThreshold: number
  /** Whether writes carry CRC-32 checksums, and what is short is checked by them when it is read. */
  readonly checksums: boolean
  readonly maxAttempts: number
  /** For a request with all its attempts. */
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

/** Who may do what. */
export type AuthConfig = HtpasswdConfig | TokenConfig | BerthTokenConfig

/** The users of a file; each may do everything. */
export interface HtpasswdConfig {
  readonly kind: 'htpasswd'
  readonly realm: string
  readonly path: string
  /** Of one user from one address; 0: any number. */
  readonly failedLoginsPerMinute: number
}

/** Tokens that a token server signs. At least one of `rootCertBundle`, `jwks` and `jwksUrl` is there. */
export interface TokenConfig {
  readonly kind: 'token'
  readonly realm: string
  readonly service: string
  readonly issuer: string
  readonly rootCertBundle: string | undefined
  readonly jwks: string | undefined
  readonly jwksUrl: string | undefined
  /** Where the token server is at the host by which a client knows the registry; then `realm` is not told. */
  readonly redirectPath: string | undefined
  readonly algorithms: readonly SigningAlgorithm[]
  readonly leewayMs: number
  /** Ten times as many tokens of one address may be none; 0: any number. */
  readonly failedLoginsPerMinute: number
}

/** Tokens of Berth's own token server: what it needs, and what whoever only verifies them does. */
export interface BerthTokenConfig {
  readonly kind: 'berth'
  readonly realm: string
  /** Where the token server is at the host by which a client knows the registry; then `realm` is not told. */
  readonly redirectPath: string | undefined
  /** How clients come, where no proxy says so. */
  readonly scheme: 'http' | 'https'
  readonly service: string
  readonly issuer: string
  readonly policy: string
  readonly htpasswd: string | undefined
  readonly issuers: readonly IdentityIssuerConfig[]
  readonly keys: string | undefined
  readonly jwksUrl: string | undefined
  /** `undefined`: as whose keys they are asks for. */
  readonly keyRotationMs: number | undefined
  readonly tokenLifetimeMs: number
  readonly refreshLifetimeMs: number
  readonly leewayMs: number
  readonly failedLoginsPerMinute: number
  /** To one address; 0: any number. */
  readonly tokensPerSecond: number
}

/** Who is trusted to say who somebody is. */
export interface IdentityIssuerConfig {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string | undefined
  readonly ca: string | undefined
  readonly tokenFile: string | undefined
  /** JSON pointers, by the names of claims. */
  readonly claims: Readonly<Record<string, string>>
}

export interface DebugConfig {
  /** `undefined`: no such listener. */
  readonly listen: TcpAddress | undefined
  readonly metrics: ValueOf<typeof http>['debug']['prometheus']
}

/** What is asked of a manifest that is pushed: `validation` and `policy`. */
export interface ManifestsConfig {
  readonly references: 'all' | 'none'
  /** The children of an index that must be there: of these platforms, where it is a list. */
  readonly indexes: 'all' | 'none' | readonly { readonly architecture: string; readonly os: string }[]
  /** Both empty: any http or https URL. */
  readonly urls: UrlPolicy
  /** Empty: any. */
  readonly classes: readonly string[]
}

/** Signed manifests of schema1: `compatibility.schema1`. */
export interface Schema1Config {
  readonly acceptsPushes: boolean
  /** Shows nothing of its private part. Without it: a new one. */
  readonly key?: SigningKey
}

export interface CheckTiming {
  readonly intervalMs: number
  /** Consecutive failures until it counts, 1 or more. */
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

/** How a split service speaks to the others. */
export interface RpcConfig {
  /** `undefined`: it serves none. */
  readonly listen: TcpAddress | undefined
  /** `undefined`: in the clear. */
  readonly tls: RpcTls | undefined
  /** Whether it may listen beyond loopback without TLS. */
  readonly insecure: boolean
  readonly maxConnectionAgeMs: number
}

/** One certificate for both ends: what a service shows as a server, and as a client. */
export interface RpcTls {
  /** Where it was read, to be read again. */
  readonly files: { readonly certificateFile: string; readonly keyFile: string; readonly caFiles: readonly string[] }
  /** The certificate chain and its key, PEM. */
  readonly cert: string
  readonly key: Secret
  /**
   * Who may sign the certificates of the other end, PEM. Where there are none, clients need no certificate, and servers
   * one that the system trusts.
   */
  readonly cas: readonly string[]
}

/** Where the split services find each other. */
export type ServicesConfig = ValueOf<typeof services>

/** Redis by what it is for, since the two want opposite settings of it. */
export interface RedisRoles {
  readonly cache: RedisConfig | undefined
  readonly queue: RedisConfig | undefined
}

export interface RedisConfig {
  /** At least one. Several are a cluster, or sentinels where there is a `masterName`. */
  readonly addresses: readonly RemoteAddress[]
  readonly masterName?: string
  readonly username?: string
  readonly password?: Secret
  readonly sentinelUsername?: string
  readonly sentinelPassword?: Secret
  readonly db: number
  /** Without it: in the clear. */
  readonly tls?: RedisTls
  readonly dialTimeoutMs: number
  readonly readTimeoutMs: number
}

export interface RedisTls {
  /** The client's own certificate and its key, PEM. */
  readonly cert?: string
  readonly key?: Secret
  /** Who may sign the servers' certificates, PEM; where there are none, those that the system trusts. */
  readonly cas: readonly string[]
}

export interface SecretsConfig {
  /** `undefined`: the SDK finds some. */
  readonly s3: S3Credentials | undefined
  /** `uploads.keys`, else `http.secret` as a ring of one. */
  readonly uploadKeys: UploadKeys | undefined
}

/** The keys of upload tokens: one signs, all verify. */
export interface UploadKeys {
  readonly signing: Secret
  readonly verifying: readonly Secret[]
}
