import { createHmac, generateKeyPairSync, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import { issueCertificate } from './test-certificates.ts'

/** A token server, as a test has it. */
export interface TestIssuer {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly certificate: X509Certificate
}

/** For tests: a key on P-256, and a certificate that it signs for itself, as most bundles have one. */
export function testIssuer(name = 'issuer'): TestIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = issueCertificate({ name, publicKey, issuer: { name, privateKey }, isAuthority: true })
  return { privateKey, publicKey, certificate }
}

/** When tests happen. */
export const nowMs = Date.UTC(2030, 0, 1)
const now = nowMs / 1000

/** For tests: claims that are good, and whatever is said otherwise. */
export function claimsOf(other: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    iss: 'issuer.example',
    sub: 'bob',
    aud: 'registry.example',
    exp: now + 300,
    nbf: now - 10,
    iat: now - 10,
    access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
    ...other,
  }
}

export type Sign = (input: string) => Buffer

export const byKey =
  (key: KeyObject, hash = 'sha256'): Sign =>
  (input) =>
    sign(hash, Buffer.from(input), key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' } : key)

export const bySecret =
  (secret: string | Buffer): Sign =>
  (input) =>
    createHmac('sha256', secret).update(input).digest()

/** For tests: a token, whatever it says and however it is signed. */
export function tokenOf(header: object, claims: unknown, signed: Sign): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${signed(input).toString('base64url')}`
}

export const x5cOf = (...chain: readonly X509Certificate[]): string[] => chain.map(({ raw }) => raw.toString('base64'))
