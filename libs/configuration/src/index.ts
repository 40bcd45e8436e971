/**
 * The configuration of Berth's processes: its keys, where their values come from, and the checked result, `Config`.
 * Begin with `schema/registry.ts` for the keys, and with `load-config.ts` for the way from a file to `Config`.
 */
export {
  MismatchedPair,
  requireUsableTls,
  type TlsTexts,
  validTo,
  whyNotValidNow,
} from './certificates/require-usable-tls.ts'
export type {
  AuthConfig,
  BerthTokenConfig,
  CheckTiming,
  Config,
  DebugConfig,
  EndpointConfig,
  HealthConfig,
  HtpasswdConfig,
  HttpConfig,
  IdentityIssuerConfig,
  LogConfig,
  LogLevel,
  ManifestsConfig,
  NotificationsConfig,
  RedirectConfig,
  RedisConfig,
  RedisRoles,
  RedisTls,
  RpcConfig,
  RpcTls,
  S3Config,
  S3Credentials,
  SecretsConfig,
  ServicesConfig,
  StorageConfig,
  TokenConfig,
  UploadKeys,
} from './config.ts'
export { describeConfig, type KeyDescription, type Support } from './descriptions/describe-config.ts'
export { configSchema } from './descriptions/json-schema.ts'
export { type Difference, differencesOf } from './effective/differences.ts'
export { defaultValues, effectiveTree, type EffectiveValue, type ValueSource } from './effective/effective-values.ts'
export {
  checkConfig,
  type CheckedConfig,
  type ConfigSource,
  isPartialSection,
  loadConfig,
  type LoadedConfig,
  type PartialSection,
} from './load-config.ts'
export { ConfigError, type Problem } from './problems.ts'
export type { ServerTls, TlsFiles } from './sections/load-tls.ts'
export { requireKeys } from './sections/require-keys.ts'
export { defaultPathsVariable, type Environment, pathVariable } from './sources/environment.ts'
export { parseDocument } from './sources/parse-document.ts'
export type { Cidr } from './values/cidr.ts'
export type { ClientAuth } from './values/client-auth.ts'
export { formatAddress, type ListenAddress, type RemoteAddress, type TcpAddress } from './values/listen-address.ts'
export { Secret } from './values/secret.ts'
export { withoutCredentials } from './values/without-credentials.ts'
