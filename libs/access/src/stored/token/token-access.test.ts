import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto'
import { libtrustId } from '@berth/manifest'
import { describe, expect, it } from 'vitest'
import type { Access } from '../../access.ts'
import type { AccessDecision } from '../../access-controller.ts'
import { formatChallenge } from '../../challenge.ts'
import { describeAccessController } from '../../suite/describe-access-controller.ts'
import { LoginLimit } from '../login-limit.ts'
import type { WatchedFile } from '../watched-file.ts'
import { CertificateKeys, parseBundle } from './certificate-keys.ts'
import { JwksFileKeys } from './jwks-file-keys.ts'
import { thumbprint } from './thumbprint.ts'
import { parseJwks } from './parse-jwks.ts'
import { issueCertificate } from './test-certificates.ts'
import { byKey, bySecret, claimsOf, nowMs, type Sign, testIssuer, tokenOf, x5cOf } from './test-tokens.ts'
import { TokenAccess, type TokenAccessOptions } from './token-access.ts'
import { AnyTokenKeys } from './token-keys.ts'

const algorithms = ['EdDSA', 'HS256', 'RS256', 'RS384', 'ES256', 'ES384', 'PS256']
const issuer = testIssuer()
const stranger = testIssuer()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const secret = 'a secret that only the token server should know'
const pull: Access = { type: 'repository', name: 'team/app', action: 'pull' }
const header = { alg: 'ES256', kid: libtrustId(issuer.publicKey) }
const good = tokenOf(header, claimsOf(), byKey(issuer.privateKey))

/** A file that does not change. */
const fileOf = <T>(value: T): WatchedFile<T> => ({ value }) as unknown as WatchedFile<T>

function controller(
  options: Partial<TokenAccessOptions> = {},
  roots: readonly X509Certificate[] = [issuer.certificate],
) {
  const jwks = JSON.stringify({
    keys: [
      { ...stranger.publicKey.export({ format: 'jwk' }), kid: 'in the set' },
      { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256' },
      { kty: 'oct', kid: 'shared', k: Buffer.from(secret).toString('base64url') },
    ],
  })
  const certificates = new CertificateKeys(fileOf(parseBundle(roots.map(String).join(''))), () => nowMs)
  const keys = new AnyTokenKeys([certificates, new JwksFileKeys(fileOf(parseJwks(jwks)))])
  const realm = 'https://auth.example/token'
  const limit = new LoginLimit({ failuresPerMinute: 0 })
  const named = { realm, issuer: 'issuer.example', service: 'registry.example', limit }
  return new TokenAccess({ ...named, keys, algorithms, leewayMs: 60_000, nowMs: () => nowMs, ...options })
}

function ask(access: TokenAccess, token: string, accesses: readonly Access[] = [pull]) {
  const authorization = `Bearer ${token}`
  return access.decide({ authorization, accesses, source: '', host: 'registry.example:5000', scheme: undefined })
}

const challengeOf = (decision: AccessDecision): string =>
  decision.outcome === 'denied' ? formatChallenge(decision.challenge) : decision.outcome

describeAccessController('tokens', async () => ({
  controller: controller(),
  right: `Bearer ${good}`,
  wrong: `Bearer ${tokenOf(header, claimsOf(), byKey(stranger.privateKey))}`,
}))

describe('a token is granted what it says', () => {
  const access = controller()
  const grants = [
    { type: 'repository', name: 'team/app', actions: ['pull'] },
    { type: 'repository', name: 'team/app', actions: ['push'] },
    { type: 'repository', class: 'plugin', name: 'team/all', actions: ['*'] },
    { type: 'registry', name: 'catalog', actions: ['*'] },
  ]
  const token = tokenOf(header, claimsOf({ access: grants }), byKey(issuer.privateKey))
  const of = (name: string, action: Access['action'], type: Access['type'] = 'repository') => ({ type, name, action })

  it.each<[string, readonly Access[]]>([
    ['nothing', []],
    ['each of its actions', [of('team/app', 'pull'), of('team/app', 'push')]],
    ['any action where it has all', [of('team/all', 'delete'), of('team/all', 'pull')]],
    ['the catalog', [of('catalog', '*', 'registry')]],
  ])('%s', async (_, accesses) => {
    expect(await ask(access, token, accesses)).toMatchObject({ outcome: 'granted' })
  })

  it.each<[string, readonly Access[]]>([
    ['another action', [of('team/app', 'delete')]],
    ['all actions', [of('team/app', '*')]],
    ['another repository', [of('team/ap', 'pull')]],
    ['one below', [of('team/app/x', 'pull')]],
    ['anything of one that it has not, along with one that it has', [of('team/app', 'pull'), of('team/b', 'pull')]],
    ['a repository that is called as the catalog is', [of('catalog', 'pull')]],
  ])('and not %s', async (_, accesses) => {
    const decision = await ask(access, token, accesses)
    expect(decision).toMatchObject({ outcome: 'denied', reason: 'insufficient scope', identity: { name: 'bob' } })
    expect(challengeOf(decision)).toContain('error="insufficient_scope"')
  })

  it('nothing but being known, where it says nothing', async () => {
    const bare = tokenOf(header, claimsOf({ access: undefined, sub: undefined }), byKey(issuer.privateKey))
    expect(await ask(access, bare, [])).toEqual({ outcome: 'granted', identity: { name: '' } })
    expect(await ask(access, bare)).toMatchObject({ outcome: 'denied', reason: 'insufficient scope' })
  })
})

describe('a token is believed', () => {
  const now = nowMs / 1000
  it.each([
    ['of one audience of several', { aud: ['x', 'registry.example'] }],
    ['that expired within the leeway', { exp: now - 59 }],
    ['that is valid within the leeway', { nbf: now + 59 }],
    ['that does not say from when', { nbf: undefined }],
  ])('%s', async (_, claims) => {
    const token = tokenOf(header, claimsOf(claims), byKey(issuer.privateKey))
    expect(await ask(controller(), token)).toMatchObject({ outcome: 'granted' })
  })

  const jwk = issuer.publicKey.export({ format: 'jwk' })
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const middle = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const byRoot = { name: 'issuer', privateKey: issuer.privateKey }
  const middleCertificate = issueCertificate({
    name: 'middle',
    publicKey: middle.publicKey,
    issuer: byRoot,
    isAuthority: true,
  })
  const leafCertificate = issueCertificate({
    name: 'leaf',
    publicKey: leaf.publicKey,
    issuer: { name: 'middle', privateKey: middle.privateKey },
    isAuthority: false,
  })
  const ofLeaf = byKey(leaf.privateKey, 'sha384')
  it.each<[string, object, Sign]>([
    ['v3’s id of a key of the bundle', { alg: 'ES256', kid: thumbprint(issuer.publicKey) }, byKey(issuer.privateKey)],
    ['a certificate of the bundle', { alg: 'ES256', x5c: x5cOf(issuer.certificate) }, byKey(issuer.privateKey)],
    ['a chain to the bundle', { alg: 'ES384', x5c: x5cOf(leafCertificate, middleCertificate) }, ofLeaf],
    [
      'a chain with more than it takes',
      { alg: 'ES384', x5c: x5cOf(leafCertificate, issuer.certificate, middleCertificate) },
      ofLeaf,
    ],
    ['a key of the bundle', { alg: 'ES256', jwk }, byKey(issuer.privateKey)],
    ['a key with a chain', { alg: 'ES256', jwk: { ...jwk, x5c: x5cOf(issuer.certificate) } }, byKey(issuer.privateKey)],
    ['the id of a key of the set', { alg: 'ES256', kid: 'in the set' }, byKey(stranger.privateKey)],
    ['the id of a key for RSA', { alg: 'RS256', kid: 'rsa' }, byKey(rsa.privateKey)],
    ['the id of a secret', { alg: 'HS256', kid: 'shared' }, bySecret(secret)],
    ['any type', { ...header, typ: 'whatever' }, byKey(issuer.privateKey)],
  ])('that shows %s', async (_, shown, signed) => {
    expect(await ask(controller(), tokenOf(shown, claimsOf(), signed))).toMatchObject({ outcome: 'granted' })
  })
})

describe('a token is not believed', () => {
  const now = nowMs / 1000
  /** Whether it is refused, twice, as a token that is none, and nothing repeats it. */
  const isRefused = async (token: string, access = controller()): Promise<boolean> => {
    const decisions = [await ask(access, token), await ask(access, token, [])]
    const isInvalid = decisions.every((decision) => challengeOf(decision).endsWith('error="invalid_token"'))
    return isInvalid && !JSON.stringify(decisions).includes(token)
  }

  it.each([
    ['of another issuer', { iss: 'x' }],
    ['of no issuer', { iss: undefined }],
    ['for another registry', { aud: 'registry.example.org' }],
    ['for other registries', { aud: ['x', 'y'] }],
    ['for none', { aud: null }],
    ['for what is no name', { aud: 3 }],
    ['that expired', { exp: now - 61 }],
    ['that never expires', { exp: undefined }],
    ['whose end is no number', { exp: '9999999999' }],
    ['that is not valid yet', { nbf: now + 61 }],
    ['whose access is no list', { access: { type: 'repository', name: 'team/app', actions: ['pull'] } }],
    ['whose actions are no list', { access: [{ type: 'repository', name: 'team/app', actions: 'pull' }] }],
  ])('%s', async (_, claims) => {
    expect(await isRefused(tokenOf(header, claimsOf(claims), byKey(issuer.privateKey)))).toBe(true)
  })

  it.each(['', '.', '..', 'a.b.c', good.slice(0, -2), `${good}.`, good.replace('.', ''), `${good}A`, `A${good}`])(
    'that is malformed: %#',
    async (token) => {
      const decision = await ask(controller(), token)
      expect(decision).toMatchObject({ outcome: 'denied' })
    },
  )

  const jwk = stranger.publicKey.export({ format: 'jwk' })
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const by = (name: string, privateKey: KeyObject, isAuthority: boolean, until?: Date) =>
    issueCertificate({
      name: 'leaf',
      publicKey: leaf.publicKey,
      issuer: { name, privateKey },
      isAuthority,
      ...(until && { until }),
    })
  const expired = by('issuer', issuer.privateKey, false, new Date(nowMs - 1000))
  const ofStranger = by('issuer', stranger.privateKey, false)
  const notAnAuthority = by('issuer', issuer.privateKey, false)
  const below = issueCertificate({
    name: 'below',
    publicKey: stranger.publicKey,
    issuer: { name: 'leaf', privateKey: leaf.privateKey },
    isAuthority: false,
  })
  const otherPart = (token: string, at: number, value: object): string =>
    token
      .split('.')
      .map((part, index) => (index === at ? Buffer.from(JSON.stringify(value)).toString('base64url') : part))
      .join('.')
  const spki = String(issuer.publicKey.export({ type: 'spki', format: 'pem' }))

  it.each<[string, string]>([
    ['by another key', tokenOf(header, claimsOf(), byKey(stranger.privateKey))],
    ['by nobody', tokenOf({ ...header, alg: 'none' }, claimsOf(), () => Buffer.alloc(0))],
    ['by nobody, in another spelling', tokenOf({ ...header, alg: 'nOnE' }, claimsOf(), () => Buffer.alloc(0))],
    ['with an empty signature', tokenOf(header, claimsOf(), () => Buffer.alloc(0))],
    ['with zeros', tokenOf(header, claimsOf(), () => Buffer.alloc(64))],
    ['with the public key for a secret', tokenOf({ ...header, alg: 'HS256' }, claimsOf(), bySecret(spki))],
    [
      'with the certificate for a secret',
      tokenOf({ ...header, alg: 'HS256' }, claimsOf(), bySecret(String(issuer.certificate))),
    ],
    [
      'with a key for one algorithm, by another',
      tokenOf({ alg: 'PS256', kid: 'rsa' }, claimsOf(), byKey(rsa.privateKey)),
    ],
    ['with no word about the key', tokenOf({ alg: 'ES256' }, claimsOf(), byKey(issuer.privateKey))],
    ['by no algorithm', tokenOf({ kid: header.kid }, claimsOf(), byKey(issuer.privateKey))],
    ['by a key that it brings along', tokenOf({ alg: 'ES256', jwk }, claimsOf(), byKey(stranger.privateKey))],
    [
      'by a key that it brings along, under the name of a good one',
      tokenOf({ alg: 'ES256', jwk: { ...jwk, kid: header.kid } }, claimsOf(), byKey(stranger.privateKey)),
    ],
    [
      'by a certificate that it brings along',
      tokenOf({ alg: 'ES256', x5c: x5cOf(stranger.certificate) }, claimsOf(), byKey(stranger.privateKey)),
    ],
    [
      'by a certificate that it brings along, with a good name beside',
      tokenOf({ ...header, x5c: x5cOf(stranger.certificate) }, claimsOf(), byKey(stranger.privateKey)),
    ],
    [
      'by a certificate of a stranger’s with a good name',
      tokenOf({ alg: 'ES256', x5c: x5cOf(ofStranger) }, claimsOf(), byKey(leaf.privateKey)),
    ],
    [
      'by a certificate that expired',
      tokenOf({ alg: 'ES256', x5c: x5cOf(expired) }, claimsOf(), byKey(leaf.privateKey)),
    ],
    [
      'by a certificate of who may not make any',
      tokenOf({ alg: 'ES256', x5c: x5cOf(below, notAnAuthority) }, claimsOf(), byKey(stranger.privateKey)),
    ],
    ['by no certificate', tokenOf({ ...header, x5c: [] }, claimsOf(), byKey(issuer.privateKey))],
    ['by certificates that are none', tokenOf({ ...header, x5c: ['AAAA', 3] }, claimsOf(), byKey(issuer.privateKey))],
    [
      'with a part that must be understood',
      tokenOf({ ...header, crit: ['x'], x: 1 }, claimsOf(), byKey(issuer.privateKey)),
    ],
    ['with other claims', otherPart(good, 1, claimsOf({ sub: 'root' }))],
    ['with its claims stripped', otherPart(good, 1, {})],
    ['with another header', otherPart(good, 0, { ...header, typ: 'JWT' })],
    ['that is no object', tokenOf(header, [claimsOf()], byKey(issuer.privateKey))],
  ])('that is signed %s', async (_, token) => {
    expect(await isRefused(token)).toBe(true)
  })

  it('by an algorithm that is not allowed', async () => {
    expect(await isRefused(good, controller({ algorithms: ['RS256'] }))).toBe(true)
  })

  it('when a key is not trusted any more', async () => {
    let roots = parseBundle(String(issuer.certificate))
    const file = {
      get value() {
        return roots
      },
    } as unknown as WatchedFile<ReturnType<typeof parseBundle>>
    const access = controller({ keys: new AnyTokenKeys([new CertificateKeys(file, () => nowMs)]) })
    expect(await ask(access, good)).toMatchObject({ outcome: 'granted' })
    roots = parseBundle(String(stranger.certificate))
    expect(await isRefused(good, access)).toBe(true)
  })

  it('when it has expired since it was believed', async () => {
    let time = nowMs
    const access = controller({ nowMs: () => time })
    expect(await ask(access, good)).toMatchObject({ outcome: 'granted' })
    time += 361_000
    expect(await isRefused(good, access)).toBe(true)
  })
})

describe('tokens that are none', () => {
  const limited = (now = () => nowMs) =>
    controller({ limit: new LoginLimit({ failuresPerMinute: 1, nowMs: now }), nowMs: now })
  const outcomes = async (access: TokenAccess, tokens: readonly string[]) => {
    const all: string[] = []
    for (const token of tokens) all.push((await ask(access, token)).outcome)
    return all
  }
  const each = (make: (at: number) => string) => Array.from({ length: 12 }, (_, at) => make(at))
  const tenDenied = Array.from({ length: 12 }, (_, at) => (at < 10 ? 'denied' : 'limited'))
  const jti = (at: number) => claimsOf({ jti: String(at) })
  const alien = (other: object) => (at: number) => tokenOf({ ...header, ...other }, jti(at), byKey(stranger.privateKey))
  const always = (token: string) => () => token
  const own = (claims: Record<string, unknown>) => (at: number) =>
    tokenOf(header, claimsOf({ ...claims, jti: String(at) }), byKey(issuer.privateKey))

  it.each<[string, (at: number) => string]>([
    ['signed by another', alien({})],
    ['with a certificate that nobody vouches for', alien({ x5c: x5cOf(stranger.certificate) })],
    ['for another registry', own({ aud: 'another' })],
  ])('are looked at only so many times a minute: those %s', async (_, make) => {
    let time = nowMs
    const access = limited(() => time)
    expect(await ask(access, good)).toMatchObject({ outcome: 'granted' })
    expect(await outcomes(access, each(make))).toEqual(tenDenied)
    expect(await outcomes(access, [good, own({})(0)])).toEqual(['granted', 'limited'])
    time += 6000
    expect(await ask(access, own({})(0))).toMatchObject({ outcome: 'granted' })
  })

  it.each<[string, (at: number) => string]>([
    ['the same again', always(alien({})(0))],
    ['of a key that may be new', alien({ kid: 'new' })],
    ['that have expired', always(own({ exp: nowMs / 1000 - 120 })(0))],
    ['of an algorithm that is not allowed', alien({ alg: 'none' })],
  ])('are no work, and not counted: those %s', async (_, make) => {
    const access = limited()
    expect(new Set(await outcomes(access, each(make)))).toEqual(new Set(['denied']))
    expect(await ask(access, good)).toMatchObject({ outcome: 'granted' })
  })
})

describe('where a client gets a token', () => {
  const where = (options: Partial<TokenAccessOptions>, host?: string, scheme?: 'http' | 'https') => {
    const decision = controller(options).decide({ authorization: undefined, accesses: [], source: '', host, scheme })
    return challengeOf(decision as AccessDecision)
  }

  it('is what the configuration says', () => {
    expect(where({}, 'registry.example')).toBe('Bearer realm="https://auth.example/token",service="registry.example"')
  })

  it.each([
    ['registry.example:5000', undefined, 'https://registry.example:5000/auth/token'],
    ['registry.example', 'http', 'http://registry.example/auth/token'],
    [undefined, undefined, 'https://auth.example/token'],
  ] as const)('is at the host where it asks, if that is configured: %s %s', (host, scheme, realm) => {
    expect(where({ redirectPath: '/auth/token' }, host, scheme)).toContain(`realm="${realm}"`)
  })
})

describe('a bundle of certificates', () => {
  it('is what is certificates of a PEM file', () => {
    const key = String(issuer.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const { keys, roots } = parseBundle(['# comment\n', issuer.certificate, key, stranger.certificate].join(''))
    expect(roots).toHaveLength(2)
    const ids = [issuer, stranger].flatMap(({ publicKey }) => [libtrustId(publicKey), thumbprint(publicKey)])
    expect([...keys.keys()]).toEqual(ids)
    expect(keys.get(ids[0] ?? '')?.equals(issuer.publicKey)).toBe(true)
  })

  it('is none without any, or with one that is broken', () => {
    expect(() => parseBundle('')).toThrow('at least one token signing root certificate')
    expect(() => parseBundle('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toThrow(/asn1|encoding/i)
  })
})
