import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { keptLog, temporaryDirectory } from '../stored/test-files.ts'
import { JwksUrlKeys } from '../stored/token/jwks-url-keys.ts'
import { byKey, testIssuer, tokenOf } from '../stored/token/test-tokens.ts'
import { claimedIssuer, IdentityIssuer, type IssuerOptions } from './identity-issuer.ts'

const key = testIssuer()

/** A small OpenID provider, and what it was asked. */
async function provider(document: (origin: string) => object) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    if (request.url === '/.well-known/openid-configuration') return response.end(JSON.stringify(document(origin)))
    if (request.url !== '/keys') return response.writeHead(404).end()
    return response.end(JSON.stringify({ keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'k' }] }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => void server.close())
  const open = (other: Partial<IssuerOptions> = {}) => {
    const options = { name: 'ci', issuer: origin, audience: 'registry', claims: {} }
    const rest = { jwksUrl: undefined, ca: undefined, tokenFile: undefined }
    return new IdentityIssuer({ ...options, ...rest, ...other }, { log: keptLog(), leewayMs: 0 })
  }
  const token = tokenOf(
    { alg: 'ES256', kid: 'k' },
    { iss: origin, aud: 'registry', sub: 'job', exp: Math.floor(Date.now() / 1000) + 60 },
    byKey(key.privateKey),
  )
  return { asked, open, origin, token }
}

const honest = (origin: string) => ({ issuer: origin, jwks_uri: `${origin}/keys` })

describe('an issuer', () => {
  it('is asked where its keys are, and for them, once', async () => {
    const { asked, open, token } = await provider(honest)
    const issuer = open()
    const subjects = await Promise.all([issuer.verify(token), issuer.verify(token)])
    expect(subjects[0]).toMatchObject({ kind: 'federated', issuer: 'ci', name: 'job' })
    await issuer.verify(token)
    expect(asked.map(({ url }) => url)).toEqual(['/.well-known/openid-configuration', '/keys'])
  })

  it('is asked for its keys again before a token is believed that was signed with one of ten minutes ago', async () => {
    let keys = [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'k' }]
    let now = Date.now()
    const nowMs = () => now
    const log = keptLog()
    const url = 'https://ci.example/keys'
    const published = new JwksUrlKeys({ url, log, nowMs, get: async () => JSON.stringify({ keys }) })
    const options = { name: 'ci', issuer: 'https://ci.example', audience: 'registry', claims: {}, jwksUrl: url }
    const issuer = new IdentityIssuer(
      { ...options, ca: undefined, tokenFile: undefined },
      { log, leewayMs: 0, nowMs, keys: published },
    )
    const token = tokenOf(
      { alg: 'ES256', kid: 'k' },
      { iss: 'https://ci.example', aud: 'registry', sub: 'job', exp: Math.floor(now / 1000) + 3600 },
      byKey(key.privateKey),
    )
    expect((await issuer.verify(token)).name).toBe('job')
    keys = []
    now += 10 * 60_000 + 1
    await expect(issuer.verify(token)).rejects.toThrow('not its issuer’s')
  })

  it('is not asked where they are where that is known', async () => {
    const { asked, open, origin, token } = await provider(honest)
    await open({ jwksUrl: `${origin}/keys` }).verify(token)
    expect(asked.map(({ url }) => url)).toEqual(['/keys'])
  })

  it('is shown the token that it wants to see, as the file has it now', async () => {
    const { asked, open, token } = await provider(honest)
    const tokenFile = join(await temporaryDirectory(onTestFinished), 'token')
    await writeFile(tokenFile, 'mine\n')
    await open({ tokenFile }).verify(token)
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer mine', 'Bearer mine'])
  })

  it.each([
    ['is another', (origin: string) => ({ ...honest(origin), issuer: 'https://another.example' })],
    ['does not say where its keys are', (origin: string) => ({ issuer: origin })],
    ['has them nowhere', (origin: string) => ({ ...honest(origin), jwks_uri: `${origin}/none` })],
    ['has them in a file', (origin: string) => ({ ...honest(origin), jwks_uri: 'file:///etc/passwd' })],
  ])('that %s is unavailable, and trusted by nobody', async (_, document) => {
    const { open, token } = await provider(document)
    await expect(open().verify(token)).rejects.toThrow('service unavailable')
  })

  it('is what a token says, to be believed or not', () => {
    const token = tokenOf({ alg: 'none' }, { iss: 'x' }, () => Buffer.from('y'))
    expect(claimedIssuer(token)).toBe('x')
    for (const other of ['', 'secret', 'a.b.c', `${token}.x`, `${token} `]) expect(claimedIssuer(other)).toBeUndefined()
  })
})
