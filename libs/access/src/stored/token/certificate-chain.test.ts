import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { vouchedUntilMs } from './certificate-chain.ts'
import { issueCertificate } from './test-certificates.ts'

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rootKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const now = new Date('2026-11-22')

/** Certificates of which each could be the next's issuer, for as long as one cares to look. */
const vouchingForEachOther = Array.from({ length: 7 }, () =>
  issueCertificate({
    name: 'same',
    publicKey: keys.publicKey,
    issuer: { name: 'same', privateKey: keys.privateKey },
    isAuthority: true,
  }),
)
const issue = (name: string, issuer: string, privateKey: typeof keys.privateKey, isAuthority: boolean) =>
  issueCertificate({ name, publicKey: keys.publicKey, issuer: { name: issuer, privateKey }, isAuthority })
const root = issueCertificate({
  name: 'root',
  publicKey: rootKeys.publicKey,
  issuer: { name: 'root', privateKey: rootKeys.privateKey },
  isAuthority: true,
})

const isVouchedFor = (...args: Parameters<typeof vouchedUntilMs>): boolean => vouchedUntilMs(...args) !== undefined

it('looks at a bounded number of signatures, whatever the certificates say of each other', () => {
  const verify = vi.spyOn(X509Certificate.prototype, 'verify')
  try {
    const leaf = issue('leaf', 'same', keys.privateKey, false)
    expect(isVouchedFor([leaf, ...vouchingForEachOther], [root], now)).toBe(false)
    expect(verify.mock.calls.length).toBeLessThanOrEqual(16)
  } finally {
    verify.mockRestore()
  }
})

it('climbs a chain of eight in any order', () => {
  const names = Array.from({ length: 7 }, (_, index) => `ca-${index}`)
  const authorities = names.map((name, index) =>
    index === 0
      ? issue(name, 'root', rootKeys.privateKey, true)
      : issue(name, `ca-${index - 1}`, keys.privateKey, true),
  )
  const leaf = issue('leaf', 'ca-6', keys.privateKey, false)
  expect(isVouchedFor([leaf, ...authorities], [root], now)).toBe(true)
  expect(isVouchedFor([leaf, ...authorities.toReversed()], [root], now)).toBe(true)
  expect(isVouchedFor([leaf, ...authorities.slice(1)], [root], now)).toBe(false)
})
