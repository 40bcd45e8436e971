import { type Logger, StartError } from '@berth/errors'
import type { AccessController } from '../access-controller.ts'
import {
  openTokenServer,
  openVerifyingKeys,
  type TokenServerOptions,
  type TokenServerParts,
} from '../token-server/open-token-server.ts'
import { ownAlgorithms } from '../token-server/signing-key.ts'
import type { TokenServer } from '../token-server.ts'
import { HtpasswdUsers } from './htpasswd/htpasswd-users.ts'
import { PasswordAccess } from './htpasswd/password-access.ts'
import { LoginLimit } from './login-limit.ts'
import { CertificateKeys, parseBundle } from './token/certificate-keys.ts'
import { JwksFileKeys } from './token/jwks-file-keys.ts'
import { JwksUrlKeys } from './token/jwks-url-keys.ts'
import { parseChangedJwks, requireKey } from './token/parse-jwks.ts'
import { TokenAccess } from './token/token-access.ts'
import { AnyTokenKeys, type TokenKeys } from './token/token-keys.ts'
import { WatchedFile, type WatchedFileOptions } from './watched-file.ts'

/** How access is controlled, as the configuration's section `auth` has it. */
export type AccessOptions = HtpasswdOptions | TokenOptions | BerthOptions

interface HtpasswdOptions {
  readonly kind: 'htpasswd'
  readonly realm: string
  readonly path: string
  readonly failedLoginsPerMinute: number
}

interface TokenOptions {
  readonly kind: 'token'
  readonly realm: string
  readonly service: string
  readonly issuer: string
  readonly rootCertBundle: string | undefined
  readonly jwks: string | undefined
  readonly jwksUrl: string | undefined
  /** Where the token server is at the registry's own host. */
  readonly redirectPath: string | undefined
  readonly algorithms: readonly string[]
  readonly leewayMs: number
  readonly failedLoginsPerMinute: number
}

/** Tokens of a token server that is this process, or another one like it. */
interface BerthOptions extends TokenServerOptions {
  readonly kind: 'berth'
  readonly realm: string
  readonly redirectPath: string | undefined
  readonly scheme: 'http' | 'https'
  /** Where a token server publishes its keys that is another process. */
  readonly jwksUrl: string | undefined
}

export interface OpenedAccess {
  readonly controller: AccessController
  /** There where this process serves tokens. */
  readonly tokens?: TokenServer
  close(): Promise<void>
}

/**
 * @param tokens given where this process serves tokens, if the configuration has a token server
 * @throws StartError a file that it needs cannot be used
 */
export function openAccess(options: AccessOptions, log: Logger, tokens?: TokenServerParts): OpenedAccess {
  if (options.kind === 'berth') return openBerthAccess(options, log, tokens)
  if (options.kind === 'htpasswd') {
    const { realm, path } = options
    const limit = limitOf(options)
    const users = opened('auth.htpasswd.path', path, () => HtpasswdUsers.open({ path, limit, log }))
    return { controller: new PasswordAccess({ users, realm }), close: () => users.close() }
  }
  const keys = new AnyTokenKeys(keysOf(options, log))
  return { controller: new TokenAccess({ ...options, keys, limit: limitOf(options) }), close: async () => undefined }
}

function openBerthAccess(options: BerthOptions, log: Logger, parts: TokenServerParts | undefined): OpenedAccess {
  const controlledBy = (keys: TokenKeys): AccessController =>
    new TokenAccess({ ...options, algorithms: ownAlgorithms, keys, limit: limitOf(options) })
  if (parts !== undefined) {
    const opened = openTokenServer(options, parts, log)
    return { controller: controlledBy(opened.keys), tokens: opened.server, close: () => opened.close() }
  }
  // Only whoever signs needs the file, which may not be anybody else's to read.
  const { keys: path, jwksUrl } = options
  if (jwksUrl !== undefined)
    return { controller: controlledBy(new JwksUrlKeys({ url: jwksUrl, log })), close: async () => undefined }
  if (path === undefined)
    throw new StartError('auth.berth', 'this process knows no keys of tokens: it needs keys or jwksurl')
  const keys = opened('auth.berth.keys', path, () => openVerifyingKeys(path, log))
  return { controller: controlledBy(keys), close: async () => undefined }
}

function limitOf({ failedLoginsPerMinute }: { readonly failedLoginsPerMinute: number }): LoginLimit {
  return new LoginLimit({ failuresPerMinute: failedLoginsPerMinute })
}

function keysOf({ rootCertBundle, jwks, jwksUrl }: TokenOptions, log: Logger): TokenKeys[] {
  const keys: TokenKeys[] = []
  const open = <T>(key: string, options: Omit<WatchedFileOptions<T>, 'log'>): WatchedFile<T> =>
    opened(key, options.path, () => WatchedFile.open({ ...options, log }))
  if (rootCertBundle !== undefined)
    keys.push(new CertificateKeys(open('auth.token.rootcertbundle', { path: rootCertBundle, parse: parseBundle })))
  if (jwks !== undefined) {
    const options = { path: jwks, parse: parseChangedJwks, requireFirst: requireKey }
    keys.push(new JwksFileKeys(open('auth.token.jwks', options)))
  }
  if (jwksUrl !== undefined) keys.push(new JwksUrlKeys({ url: jwksUrl, log }))
  return keys
}

function opened<T>(key: string, path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(key, `${path} cannot be used: ${reason}`, { cause: error })
  }
}
