import { existsSync } from 'node:fs'
import { type Logger, StartError } from '@berth/errors'
import type { Policy } from '../policy/policy.ts'
import { parsePolicy } from '../policy/parse-policy.ts'
import { HtpasswdUsers } from '../stored/htpasswd/htpasswd-users.ts'
import { isUnwritable } from '../stored/htpasswd/provision-htpasswd.ts'
import { LoginLimit } from '../stored/login-limit.ts'
import { WatchedFile } from '../stored/watched-file.ts'
import type { TokenServer } from '../token-server.ts'
import { IdentityIssuer, type IssuerOptions } from './identity-issuer.ts'
import { type KeyStore, keysInMemory, makeKeyFile, openKeyFile } from './key-files.ts'
import { PolicyTokenServer, type TokenMetrics } from './policy-token-server.ts'
import { RefreshTokens } from './refresh-tokens.ts'
import { SigningKeys } from './signing-keys.ts'
import { TokenRate } from './token-rate.ts'

/** A token server, as the configuration's section `auth.berth` has it. */
export interface TokenServerOptions {
  readonly service: string
  readonly issuer: string
  readonly policy: string
  readonly htpasswd: string | undefined
  readonly issuers: readonly IssuerOptions[]
  readonly keys: string | undefined
  readonly keyRotationMs: number | undefined
  readonly tokenLifetimeMs: number
  readonly refreshLifetimeMs: number
  readonly leewayMs: number
  readonly failedLoginsPerMinute: number
  readonly tokensPerSecond: number
}

/** What a process has that serves tokens. */
export interface TokenServerParts {
  /** Reads YAML as plain data. @throws Error */
  readonly parseDocument: (text: string) => unknown
  /** Where the keys are that this process makes, if the configuration says nowhere; nowhere: in memory. */
  readonly ownKeys: string | undefined
  /** Whether no file of keys is to be made at `ownKeys`: one that is there is read. */
  readonly isReadOnly?: boolean
  readonly metrics?: TokenMetrics | undefined
}

export interface OpenedTokenServer {
  readonly server: TokenServer
  readonly keys: SigningKeys
  close(): Promise<void>
}

const ownRotationMs = 30 * 24 * 3_600_000
const aheadMs = 3_600_000

/** @throws StartError a file that it needs cannot be used */
export function openTokenServer(options: TokenServerOptions, parts: TokenServerParts, log: Logger): OpenedTokenServer {
  const { service, issuer, htpasswd, leewayMs, tokenLifetimeMs } = options
  const policy = openPolicy(options, parts, log)
  const keys = openKeys(options, parts, log)
  const limit = new LoginLimit({ failuresPerMinute: options.failedLoginsPerMinute })
  const users =
    htpasswd === undefined
      ? undefined
      : opened('auth.berth.htpasswd', htpasswd, () => HtpasswdUsers.open({ path: htpasswd, limit, log }))
  const server = new PolicyTokenServer({
    service,
    issuer,
    keys,
    policy,
    users,
    issuers: options.issuers.map((each) => new IdentityIssuer(each, { log, leewayMs })),
    refreshTokens: new RefreshTokens({ keys, issuer, users, lifetimeMs: options.refreshLifetimeMs }),
    rate: new TokenRate({ perSecond: options.tokensPerSecond }),
    limit,
    tokenLifetimeMs,
    log,
    metrics: parts.metrics,
  })
  return { server, keys, close: async () => users?.close() }
}

/** The policy of a file, as it is now. @throws StartError it cannot be used */
export function openPolicy(
  { policy: path, issuers }: Pick<TokenServerOptions, 'policy' | 'issuers'>,
  { parseDocument }: Pick<TokenServerParts, 'parseDocument'>,
  log: Logger,
): { readonly value: Policy } {
  const withUser = issuers.filter(({ claims }) => Object.hasOwn(claims, 'user'))
  const names = { issuers: issuers.map(({ name }) => name), issuersWithUser: withUser.map(({ name }) => name) }
  const parse = (text: string): Policy => parsePolicy(parseDocument(text), names)
  return opened('auth.berth.policy', path, () => WatchedFile.open({ path, parse, log }))
}

/** Keys that another process signs with. @throws Error the file cannot be used */
export function openVerifyingKeys(path: string, log: Logger): SigningKeys {
  return new SigningKeys({ store: openKeyFile(path, log), rotation: { signs: 0, ahead: 0, trusted: 0 }, log })
}

function openKeys(options: TokenServerOptions, parts: TokenServerParts, log: Logger): SigningKeys {
  const { keys: configured, tokenLifetimeMs, refreshLifetimeMs, leewayMs } = options
  const path = configured ?? parts.ownKeys
  // Those of a file that somebody else provides are theirs to rotate.
  const signsMs = options.keyRotationMs ?? (configured === undefined ? ownRotationMs : 0)
  const store =
    configured === undefined
      ? openOwnKeys(parts, log)
      : opened('auth.berth.keys', configured, () => openOrMakeKeyFile(configured, log))
  if (!store.value.some(({ privateKey }) => privateKey !== undefined))
    throw new StartError('auth.berth.keys', `${path} has no private key to sign tokens with`)
  const rotation = {
    signs: signsMs / 1000,
    ahead: Math.floor(Math.min(aheadMs, signsMs / 2) / 1000),
    trusted: Math.ceil((Math.max(tokenLifetimeMs, refreshLifetimeMs) + 2 * leewayMs) / 1000),
  }
  return new SigningKeys({ store, rotation, log })
}

function openOrMakeKeyFile(path: string, log: Logger): KeyStore {
  if (makeKeyFile(path)) log.info({ path }, 'created a token signing key')
  return openKeyFile(path, log)
}

/** Keys of this process alone, in a file if there can be one. */
function openOwnKeys({ ownKeys: path, isReadOnly = false }: TokenServerParts, log: Logger): KeyStore {
  try {
    if (path !== undefined && !isReadOnly) return openOrMakeKeyFile(path, log)
    if (path !== undefined && existsSync(path)) return openKeyFile(path, log)
  } catch (error) {
    if (!isUnwritable(error)) throw unusable('auth.berth.keys', path ?? '', error)
  }
  log.warn(
    { ...(path !== undefined && { path }) },
    'the token signing key is not stored and is lost when this process ends: set auth.berth.keys',
  )
  return keysInMemory()
}

function opened<T>(key: string, path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw unusable(key, path, error)
  }
}

function unusable(key: string, path: string, error: unknown): StartError {
  const reason = error instanceof Error ? error.message : String(error)
  return new StartError(key, `${path} cannot be used: ${reason}`, { cause: error })
}
