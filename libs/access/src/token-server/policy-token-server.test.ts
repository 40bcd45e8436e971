import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../policy/parse-policy.ts'
import type { Scope } from '../scope.ts'
import { LoginLimit } from '../stored/login-limit.ts'
import { keptLog } from '../stored/test-files.ts'
import { byKey, tokenOf } from '../stored/token/test-tokens.ts'
import { TokenVerifier } from '../stored/token/token-verifier.ts'
import type { IssuedToken, TokenAnswer, TokenCredentials, TokenRequest } from '../token-server.ts'
import type { MarkedUsers } from '../users.ts'
import { IdentityIssuer } from './identity-issuer.ts'
import { keysInMemory } from './key-files.ts'
import { PolicyTokenServer } from './policy-token-server.ts'
import { RefreshTokens } from './refresh-tokens.ts'
import { SigningKeys } from './signing-keys.ts'
import { TokenRate } from './token-rate.ts'

const startMs = Date.UTC(2030, 0, 1)
const cluster = generateKeyPairSync('rsa', { modulusLength: 2048 })

const policy = parsePolicy(
  {
    rules: [
      { subjects: [{ user: 'root' }], repositories: ['**'], actions: ['*'], catalog: true },
      { subjects: [{ issuer: 'kubernetes' }], repositories: ['ci/{namespace}/**'], actions: ['pull', 'push'] },
      { subjects: ['users'], repositories: ['team/**'], actions: ['pull', 'push'] },
      { subjects: ['anonymous'], repositories: ['public/**'], actions: ['pull'] },
    ],
  },
  { issuers: ['kubernetes'] },
)

function server({ perSecond = 0, refreshLifetimeMs = 3_600_000 } = {}) {
  let now = startMs
  const nowMs = (): number => now
  const passwords = new Map([
    ['alice', 'secret'],
    ['root', 'toor'],
  ])
  const users: MarkedUsers = {
    generation: passwords,
    logIn: (name, password) => ({ outcome: passwords.get(name) === password ? 'accepted' : 'refused' }),
    markOf: (name) => passwords.get(name)?.toUpperCase(),
  }
  const log = keptLog()
  const counted: string[] = []
  const store = keysInMemory()
  const keys = new SigningKeys({ store, rotation: { signs: 0, ahead: 0, trusted: 0 }, log, nowMs })
  const issuer = 'tokens.example'
  const kubernetes = new IdentityIssuer(
    {
      name: 'kubernetes',
      issuer: 'https://cluster.example',
      audience: 'registry.example',
      jwksUrl: 'https://cluster.example/jwks',
      ca: undefined,
      tokenFile: undefined,
      claims: { namespace: '/kubernetes.io/namespace' },
    },
    {
      log,
      leewayMs: 60_000,
      nowMs,
      keys: { generation: 1, find: ({ kid }) => (kid === 'c' ? { key: cluster.publicKey } : undefined) },
    },
  )
  const tokens = new PolicyTokenServer({
    service: 'registry.example',
    issuer,
    keys,
    policy: { value: policy },
    users,
    issuers: [kubernetes],
    refreshTokens: new RefreshTokens({ keys, issuer, users, lifetimeMs: refreshLifetimeMs, nowMs }),
    rate: new TokenRate({ perSecond, nowMs }),
    limit: new LoginLimit({ failuresPerMinute: 1, nowMs }),
    tokenLifetimeMs: 300_000,
    log,
    metrics: { asked: (credentials, outcome) => void counted.push(`${credentials} ${outcome}`) },
    nowMs,
  })
  const verifier = new TokenVerifier({
    keys,
    issuer,
    service: 'registry.example',
    algorithms: ['ES256'],
    leewayMs: 0,
    nowMs,
  })
  const ask = (credentials: TokenCredentials, scopes: readonly Scope[] = [], other: Partial<TokenRequest> = {}) =>
    tokens.issue({ credentials, scopes, service: undefined, wantsRefresh: false, source: '192.0.2.1', ...other })
  return { tokens, ask, log, counted, verifier, store, passwords, pass: (ms: number) => void (now += ms) }
}

const repository = (name: string, ...actions: readonly string[]): Scope => ({ type: 'repository', name, actions })
const alice: TokenCredentials = { kind: 'password', name: 'alice', password: 'secret' }
const root: TokenCredentials = { kind: 'password', name: 'root', password: 'toor' }

function issuedOf(answer: TokenAnswer): IssuedToken {
  if (answer.outcome !== 'issued') throw new Error(`it was ${answer.outcome}`)
  return answer
}

const serviceAccount = (
  claims: Readonly<Record<string, unknown>> = {},
  header: object = {},
  key = cluster.privateKey,
) =>
  tokenOf(
    { alg: 'RS256', kid: 'c', ...header },
    {
      iss: 'https://cluster.example',
      aud: ['registry.example'],
      sub: 'system:serviceaccount:team-a:builder',
      iat: startMs / 1000,
      exp: startMs / 1000 + 600,
      'kubernetes.io': { namespace: 'team-a' },
      ...claims,
    },
    byKey(key),
  )

describe('a token', () => {
  it('says who, for which registry, for how long and for what', async () => {
    const { ask, verifier } = server()
    const issued = issuedOf(await ask(alice, [repository('team/app', 'pull', 'push')]))
    expect(issued).toMatchObject({ name: 'alice', expiresInSeconds: 300, issuedAtMs: startMs })
    const claims = await verifier.verify(issued.token)
    expect(claims).toMatchObject({ subject: 'alice', expires: startMs / 1000 + 300 })
    expect(claims.access).toEqual(new Map([['repository:team/app', new Set(['pull', 'push'])]]))
  })

  it.each([
    ['what a policy allows', alice, repository('team/app', 'delete', 'push', 'pull'), ['pull', 'push']],
    ['nothing that it does not', alice, repository('other/app', 'pull'), undefined],
    ['all that there is', root, repository('x', '*'), ['*']],
    ['all that is allowed', alice, repository('team/app', '*'), ['pull', 'push']],
    ['each action once', alice, repository('team/app', 'pull', 'pull'), ['pull']],
    ['a plugin', alice, { ...repository('team/app', 'pull'), class: 'plugin' }, ['pull']],
    ['the catalog', root, { type: 'registry', name: 'catalog', actions: ['*'] }, ['*']],
    ['no catalog', alice, { type: 'registry', name: 'catalog', actions: ['*'] }, undefined],
    ['nothing else of a registry', root, { type: 'registry', name: 'x', actions: ['*'] }, undefined],
    ['nothing of another kind', root, { type: 'thing', name: 'x', actions: ['pull'] }, undefined],
    ['nothing of no name', root, repository('../x', 'pull'), undefined],
    ['nothing of another action', root, repository('x', 'read'), undefined],
    ['nobody: what all may do', { kind: 'none' } as const, repository('public/x', 'pull', 'push'), ['pull']],
    ['nobody: nothing else', { kind: 'none' } as const, repository('team/x', 'pull'), undefined],
  ])('is for %s', async (_, credentials, scope, actions) => {
    const { scopes } = issuedOf(await server().ask(credentials, [scope]))
    expect(scopes).toEqual(actions === undefined ? [] : [{ ...scope, actions }])
  })

  it('is for as much of many things as may be had', async () => {
    const { ask } = server()
    const asked = [repository('team/a', 'pull'), repository('x', 'pull'), repository('public/b', 'pull', 'push')]
    expect(issuedOf(await ask(alice, asked)).scopes).toEqual([
      repository('team/a', 'pull'),
      repository('public/b', 'pull'),
    ])
  })

  it('is not given for another registry', async () => {
    expect(await server().ask(alice, [], { service: 'another' })).toMatchObject({
      outcome: 'refused',
      reason: 'service',
    })
    expect(await server().ask(alice, [], { service: 'registry.example' })).toMatchObject({ outcome: 'issued' })
  })

  it('is refused to whoever has no right credentials, and that is told without them', async () => {
    const { ask, counted, log } = server()
    for (const [name, password] of [
      ['alice', 'wrong-password'],
      ['nobody-known', 'secret'],
      ['', ''],
    ] as const)
      expect(await ask({ kind: 'password', name, password })).toMatchObject({
        outcome: 'refused',
        reason: 'credentials',
      })
    expect(counted).toEqual(['password refused', 'password refused', 'password refused'])
    const told = JSON.stringify(log.lines)
    expect(told).toContain('alice')
    for (const secret of ['wrong-password', 'nobody-known']) expect(told).not.toContain(secret)
  })

  it('is given so many times a second and not more, which is told and counted', async () => {
    const { ask, counted, pass } = server({ perSecond: 1 })
    for (let time = 0; time < 10; time++) expect(await ask(alice)).toMatchObject({ outcome: 'issued' })
    expect(await ask(alice)).toEqual({ outcome: 'limited', reason: 'tokens', retryAfterMs: 1000 })
    expect(await ask(alice, [], { source: '192.0.2.2' })).toMatchObject({ outcome: 'issued' })
    pass(1000)
    expect(await ask(alice)).toMatchObject({ outcome: 'issued' })
    expect(counted.filter((each) => each === 'password limited')).toHaveLength(1)
  })

  it('is charged by the scopes that it is asked for', async () => {
    const { ask } = server({ perSecond: 1 })
    const four = ['a', 'b', 'c', 'd'].map((name) => repository(name, 'pull'))
    for (let time = 0; time < 2; time++) expect(await ask(alice, four)).toMatchObject({ outcome: 'issued' })
    expect(await ask(alice, four)).toEqual({ outcome: 'limited', reason: 'tokens', retryAfterMs: 2000 })
  })

  it('is refused in so many lines a minute, and the next says how often it was besides', async () => {
    const { ask, counted, log, pass } = server()
    const wrong: TokenCredentials = { kind: 'password', name: 'alice', password: 'wrong' }
    for (let time = 0; time < 100; time++) await ask(wrong)
    expect(counted).toHaveLength(100)
    expect(log.lines).toHaveLength(20)
    pass(60_000)
    await ask(wrong)
    expect(log.lines.at(-1)).toMatchObject({ fields: { untold: 80 } })
  })

  it.each<[string, TokenCredentials, TokenCredentials]>([
    [
      'a ServiceAccount’s tokens',
      { kind: 'identity', token: serviceAccount({ aud: 'another' }) },
      { kind: 'identity', token: serviceAccount() },
    ],
    [
      'tokens as passwords',
      { kind: 'password', name: '', password: serviceAccount({ aud: 'another' }) },
      { kind: 'password', name: '', password: serviceAccount() },
    ],
    ['refresh tokens', { kind: 'refresh', token: 'x' }, { kind: 'identity', token: serviceAccount() }],
  ])('is not given to whoever shows %s that are none, again and again', async (_, wrong, right) => {
    const { ask, counted, pass } = server()
    for (let time = 0; time < 10; time++) expect(await ask(wrong)).toMatchObject({ outcome: 'refused' })
    const limited = { outcome: 'limited', reason: 'failed logins', retryAfterMs: 6000 }
    expect([await ask(wrong), await ask(right)]).toEqual([limited, limited])
    expect(counted.filter((each) => each === `${wrong.kind} limited`)).not.toEqual([])
    expect(await ask(right, [], { source: '192.0.2.2' })).toMatchObject({ outcome: 'issued' })
    pass(6000)
    expect(await ask(right)).toMatchObject({ outcome: 'issued' })
  })
})

describe('a ServiceAccount’s token', () => {
  const asked = [repository('ci/team-a/app', 'pull', 'push'), repository('ci/team-b/app', 'pull', 'push')]

  it.each<[string, (token: string) => TokenCredentials]>([
    ['as a password', (password) => ({ kind: 'password', name: 'anything', password })],
    ['in exchange', (token) => ({ kind: 'identity', token })],
  ])('is good for the repositories of its namespace, %s', async (_, credentialsOf) => {
    const answer = issuedOf(await server().ask(credentialsOf(serviceAccount()), asked))
    expect(answer.scopes).toEqual([repository('ci/team-a/app', 'pull', 'push')])
    expect(answer.name).toBe('kubernetes:system:serviceaccount:team-a:builder')
  })

  it('is good for no refresh token: it would outlive itself', async () => {
    const answer = await server().ask({ kind: 'identity', token: serviceAccount() }, asked, { wantsRefresh: true })
    expect(issuedOf(answer).refreshToken).toBeUndefined()
  })

  it.each([
    ['of another audience', serviceAccount({ aud: ['another'] })],
    ['without audience', serviceAccount({ aud: undefined })],
    ['of another issuer', serviceAccount({ iss: 'https://another.example' })],
    ['that has expired', serviceAccount({ exp: startMs / 1000 - 61 })],
    ['that never expires', serviceAccount({ exp: undefined })],
    ['that is not good yet', serviceAccount({ nbf: startMs / 1000 + 61 })],
    ['about nobody', serviceAccount({ sub: undefined })],
    ['about no one in particular', serviceAccount({ sub: '' })],
    ['signed by another', serviceAccount({}, {}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)],
    ['with another key’s id', serviceAccount({}, { kid: 'd' })],
    [
      'signed with nothing',
      `${tokenOf({ alg: 'none', kid: 'c' }, { iss: 'https://cluster.example' }, () => Buffer.alloc(0))}AA`,
    ],
    ['signed with what everybody knows', serviceAccount({}, { alg: 'HS256' })],
    ['that is none', 'a.b.c'],
  ])('is worth nothing: one %s', async (_, token) => {
    const { ask } = server()
    for (const credentials of [
      { kind: 'identity', token },
      { kind: 'password', name: 'alice', password: token },
    ] as const)
      expect(await ask(credentials, asked)).toMatchObject({ outcome: 'refused', reason: 'credentials' })
  })
})

describe('a refresh token', () => {
  async function refreshable(options: Parameters<typeof server>[0] = {}) {
    const opened = server(options)
    const { refreshToken = '' } = issuedOf(await opened.ask(alice, [], { wantsRefresh: true }))
    const refresh = (token = refreshToken) => opened.ask({ kind: 'refresh', token }, [repository('team/a', 'pull')])
    return { ...opened, refreshToken, refresh }
  }

  it('is given to a user who wants one, and is good for tokens', async () => {
    const { ask, refresh, refreshToken } = await refreshable()
    expect(issuedOf(await ask(alice)).refreshToken).toBeUndefined()
    expect(issuedOf(await refresh())).toMatchObject({
      name: 'alice',
      scopes: [repository('team/a', 'pull')],
      refreshToken,
    })
  })

  it('is no token that a registry takes, nor the other way round', async () => {
    const { ask, refresh, refreshToken, verifier } = await refreshable()
    await expect(Promise.resolve().then(() => verifier.verify(refreshToken))).rejects.toThrow('audience')
    expect(decodeProtectedHeader(refreshToken).typ).toBe('refresh+jwt')
    expect(await refresh(issuedOf(await ask(alice)).token)).toMatchObject({ outcome: 'refused' })
  })

  it('ends with the user’s password', async () => {
    const { passwords, refresh } = await refreshable()
    passwords.set('alice', 'another')
    expect(await refresh()).toMatchObject({ outcome: 'refused' })
    passwords.delete('alice')
    expect(await refresh()).toMatchObject({ outcome: 'refused' })
  })

  it('ends with its time', async () => {
    const { pass, refresh } = await refreshable()
    pass(3_599_999)
    expect(await refresh()).toMatchObject({ outcome: 'issued' })
    pass(1)
    expect(await refresh()).toMatchObject({ outcome: 'refused' })
  })

  it('ends with the key that signed it', async () => {
    const { refresh, store } = await refreshable()
    store.replace(keysInMemory().value)
    expect(await refresh()).toMatchObject({ outcome: 'refused' })
  })

  it('is never given where there are none', async () => {
    expect((await refreshable({ refreshLifetimeMs: 0 })).refreshToken).toBe('')
  })

  it.each(['', 'x', 'a.b.c', 'é'])('is not %j', async (token) => {
    expect(await (await refreshable()).refresh(token)).toMatchObject({ outcome: 'refused' })
  })

  it('shows nothing of the password', async () => {
    const { refreshToken } = await refreshable()
    expect(Object.keys(decodeJwt(refreshToken)).toSorted()).toEqual(['exp', 'iat', 'iss', 'jti', 'mark', 'sub'])
  })
})
