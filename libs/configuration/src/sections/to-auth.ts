import type { AuthConfig, BerthTokenConfig } from '../config.ts'
import { entryPath, type Findings } from '../problems.ts'
import type { registry } from '../schema/registry.ts'
import type { ValueOf } from '../schema/node.ts'
import { signingAlgorithms } from '../values/signing-algorithms.ts'

type Read = Pick<ValueOf<typeof registry>, 'auth' | 'limits' | 'http'>

/** @returns `undefined`: access is not controlled, or there is a problem */
export function toAuth(read: Read, findings: Findings): AuthConfig | undefined {
  const { htpasswd, token, berth } = read.auth
  const { limits } = read
  if (berth !== undefined) return toBerth(berth, read, findings)
  if (htpasswd !== undefined) return { kind: 'htpasswd', ...htpasswd, failedLoginsPerMinute: limits.failedLogins }
  if (token === undefined) return undefined
  const { autoRedirect, autoRedirectPath, signingAlgorithms: allowed, ...rest } = token
  if (token.rootCertBundle === undefined && token.jwks === undefined && token.jwksUrl === undefined) {
    findings.problem('auth.token', 'needs at least one key: rootcertbundle, jwks or jwksurl')
    return undefined
  }
  const algorithms = allowed.length === 0 ? signingAlgorithms : allowed
  const redirectPath = autoRedirect ? autoRedirectPath : undefined
  return { kind: 'token', ...rest, redirectPath, algorithms, failedLoginsPerMinute: limits.failedLogins }
}

function toBerth(
  berth: NonNullable<Read['auth']['berth']>,
  { http, limits }: Read,
  findings: Findings,
): BerthTokenConfig {
  for (const [at, { name, issuer, claims }] of berth.issuers.entries()) {
    const path = `auth.berth.issuers[${at}]`
    const others = berth.issuers.slice(0, at)
    if (others.some((other) => other.name === name))
      findings.problem(`${path}.name`, 'is the name of another issuer, too')
    if (others.some((other) => other.issuer === issuer))
      findings.problem(`${path}.issuer`, 'is the URL of another issuer, too')
    for (const [index, pointer] of Object.values(claims).entries())
      if (pointer === undefined) findings.problem(entryPath(`${path}.claims`, index), 'is empty')
  }
  const tokenPath = `${http.prefix}token`
  const realm = berth.realm ?? (http.host === undefined ? undefined : `${http.host.replace(/\/$/, '')}${tokenPath}`)
  return {
    kind: 'berth',
    ...berth,
    issuers: berth.issuers.map((issuer) => ({ ...issuer, claims: definedOf(issuer.claims) })),
    issuer: berth.issuer ?? berth.service,
    realm: realm ?? tokenPath,
    redirectPath: realm === undefined ? tokenPath : undefined,
    scheme: http.tls.certificate ? 'https' : 'http',
    failedLoginsPerMinute: limits.failedLogins,
    tokensPerSecond: limits.tokens,
  }
}

function definedOf(claims: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(claims).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
