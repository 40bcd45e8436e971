import { type AuthConfig, signingAlgorithms } from './config.ts'
import type { Findings } from './problems.ts'
import type { registry } from './schema/registry.ts'
import type { ValueOf } from './schema/node.ts'

type Read = Pick<ValueOf<typeof registry>, 'auth' | 'limits'>

/** @returns `undefined`: access is not controlled, or there is a problem */
export function toAuth({ auth: { htpasswd, token }, limits }: Read, findings: Findings): AuthConfig | undefined {
  if (htpasswd !== undefined) return { kind: 'htpasswd', ...htpasswd, failedLoginsPerMinute: limits.failedLogins }
  if (token === undefined) return undefined
  const { autoRedirect, autoRedirectPath, signingAlgorithms: allowed, ...rest } = token
  if (token.rootCertBundle === undefined && token.jwks === undefined && token.jwksUrl === undefined) {
    findings.problem('auth.token', 'needs at least one key: rootcertbundle, jwks or jwksurl')
    return undefined
  }
  const algorithms = allowed.length === 0 ? signingAlgorithms : allowed
  return { kind: 'token', ...rest, redirectPath: autoRedirect ? autoRedirectPath : undefined, algorithms }
}
