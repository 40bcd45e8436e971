import { type Logger, StartError } from '@berth/errors'
import type { AccessController } from '../access-controller.ts'
import { HtpasswdUsers } from './htpasswd/htpasswd-users.ts'
import { PasswordAccess } from './htpasswd/password-access.ts'
import { CertificateKeys, parseBundle } from './token/certificate-keys.ts'
import { JwksFileKeys } from './token/jwks-file-keys.ts'
import { JwksUrlKeys } from './token/jwks-url-keys.ts'
import { parseJwks } from './token/parse-jwks.ts'
import { TokenAccess } from './token/token-access.ts'
import { AnyTokenKeys, type TokenKeys } from './token/token-keys.ts'
import { WatchedFile } from './watched-file.ts'

/** How access is controlled, as the configuration's section `auth` has it. */
export type AccessOptions = HtpasswdOptions | TokenOptions

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
}

export interface OpenedAccess {
  readonly controller: AccessController
  close(): Promise<void>
}

/** @throws StartError a file that it needs cannot be used */
export function openAccess(options: AccessOptions, log: Logger): OpenedAccess {
  if (options.kind === 'htpasswd') {
    const { realm, path, failedLoginsPerMinute } = options
    const users = opened('auth.htpasswd.path', path, () => HtpasswdUsers.open({ path, failedLoginsPerMinute, log }))
    return { controller: new PasswordAccess({ users, realm }), close: () => users.close() }
  }
  const keys = new AnyTokenKeys(keysOf(options, log))
  return { controller: new TokenAccess({ ...options, keys }), close: async () => undefined }
}

function keysOf({ rootCertBundle, jwks, jwksUrl }: TokenOptions, log: Logger): TokenKeys[] {
  const keys: TokenKeys[] = []
  const open = <T>(key: string, path: string, parse: (text: string) => T): WatchedFile<T> =>
    opened(key, path, () => WatchedFile.open({ path, parse, log }))
  if (rootCertBundle !== undefined)
    keys.push(new CertificateKeys(open('auth.token.rootcertbundle', rootCertBundle, parseBundle)))
  if (jwks !== undefined) keys.push(new JwksFileKeys(open('auth.token.jwks', jwks, parseJwks)))
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
