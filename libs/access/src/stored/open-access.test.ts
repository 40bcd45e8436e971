import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openAccess } from './open-access.ts'
import { keptLog, temporaryDirectory } from './test-files.ts'
import { claimsOf, testIssuer, tokenOf, byKey } from './token/test-tokens.ts'

const issuer = testIssuer()
const token = {
  kind: 'token',
  realm: 'https://t.example',
  service: 'registry.example',
  issuer: 'issuer.example',
  rootCertBundle: undefined,
  jwks: undefined,
  jwksUrl: undefined,
  redirectPath: undefined,
  algorithms: ['ES256'],
  leewayMs: 60_000,
  failedLoginsPerMinute: 0,
} as const

describe('access control as it is configured', () => {
  it('asks for passwords of a file', async () => {
    const path = join(await temporaryDirectory(onTestFinished), 'htpasswd')
    const options = { kind: 'htpasswd', realm: 'here', path, failedLoginsPerMinute: 10 } as const
    const opened = openAccess(options, keptLog())
    onTestFinished(() => opened.close())
    const asked = { authorization: undefined, accesses: [], source: '', host: undefined, scheme: undefined }
    expect(opened.controller.decide(asked)).toMatchObject({ challenge: { scheme: 'Basic', realm: 'here' } })
  })

  it('asks for tokens that are signed by keys of files', async () => {
    const directory = await temporaryDirectory(onTestFinished)
    const jwks = join(directory, 'jwks.json')
    await writeFile(jwks, JSON.stringify({ keys: [{ ...issuer.publicKey.export({ format: 'jwk' }), kid: 'a' }] }))
    const bundle = join(directory, 'bundle.pem')
    await writeFile(bundle, String(issuer.certificate))
    const exp = Math.floor(Date.now() / 1000) + 60
    const signed = tokenOf({ alg: 'ES256', kid: 'a' }, claimsOf({ exp, nbf: 0 }), byKey(issuer.privateKey))
    const asked = { accesses: [], source: '', host: undefined, scheme: undefined }
    const outcome = async (options: Parameters<typeof openAccess>[0]) => {
      const { controller } = openAccess(options, keptLog())
      return (await controller.decide({ ...asked, authorization: `Bearer ${signed}` })).outcome
    }
    expect(await outcome({ ...token, jwks })).toBe('granted')
    expect(await outcome({ ...token, jwks, rootCertBundle: bundle })).toBe('granted')
    expect(await outcome({ ...token, rootCertBundle: bundle })).toBe('denied')
  })

  it('does not begin without what it needs, and says by which key that is meant', async () => {
    const directory = await temporaryDirectory(onTestFinished)
    const none = join(directory, 'none')
    const broken = join(directory, 'broken')
    await writeFile(broken, 'broken')
    const open = (options: Parameters<typeof openAccess>[0]) => () => openAccess(options, keptLog())
    expect(open({ ...token, rootCertBundle: none })).toThrow(
      `auth.token.rootcertbundle: ${none} cannot be used: ENOENT`,
    )
    expect(open({ ...token, jwks: broken })).toThrow('auth.token.jwks: ')
    expect(open({ kind: 'htpasswd', realm: '', path: broken, failedLoginsPerMinute: 1 })).toThrow(
      `auth.htpasswd.path: ${broken} cannot be used: htpasswd: invalid entry at line 1`,
    )
  })
})
