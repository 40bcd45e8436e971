import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type KeyKind, makeCertificate } from './test-certificate.ts'
import { MismatchedPair, requireUsableTls } from './require-usable-tls.ts'

const kinds: readonly KeyKind[] = ['rsa', 'P-256', 'P-384', 'ed25519']
const pairs = new Map(kinds.map((kind) => [kind, makeCertificate([127, 0, 0, 1], kind)]))
const [own, ca] = [makeCertificate(), makeCertificate()]

function pairOf(kind: KeyKind): { readonly cert: string; readonly key: string } {
  const pair = pairs.get(kind)
  if (pair === undefined) throw new Error(`no pair of ${kind}`)
  return pair
}

/** Why a certificate and a key are refused. */
function refusal(cert: string | undefined, key: string | undefined): Error {
  try {
    requireUsableTls({ ...(cert !== undefined && { cert }), ...(key !== undefined && { key }), cas: [] })
  } catch (error) {
    return error as Error
  }
  throw new Error('it was not refused')
}

describe('a certificate and a key', () => {
  it.each(kinds)('are a pair if the key is the certificate’s: %s', (kind) => {
    expect(() => requireUsableTls({ ...pairOf(kind), cas: [] })).not.toThrow()
  })

  const others = kinds.flatMap((cert) => kinds.filter((key) => key !== cert).map((key) => [cert, key] as const))
  it.each(others)('are no pair if they are of different kinds: %s and %s', (cert, key) => {
    const error = refusal(pairOf(cert).cert, pairOf(key).key)
    expect(error).toBeInstanceOf(MismatchedPair)
    expect(error.message).toMatch(
      /^the private key does not belong to the certificate \(certificate \S+.*, key \S+.*\)$/,
    )
  })

  it.each(kinds)('are no pair if the key is another of the same kind: %s', (kind) => {
    expect(refusal(pairOf(kind).cert, makeCertificate([127, 0, 0, 1], kind).key)).toBeInstanceOf(MismatchedPair)
  })

  it('are a pair if more of the chain follows the certificate, or both are in one file', () => {
    expect(() => requireUsableTls({ cert: own.cert + ca.cert, key: own.key, cas: [] })).not.toThrow()
    const both = own.key + own.cert
    expect(() => requireUsableTls({ cert: both, key: both, cas: [] })).not.toThrow()
  })

  it('are refused if the chain is in the wrong order, which the reason says', () => {
    expect(refusal(ca.cert + own.cert, own.key).message).toBe(
      'the certificate chain is in the wrong order: the key belongs to certificate 2, and that one must be the first',
    )
  })

  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const protection = { format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' } as const
  const damaged = (pem: string) => pem.replace(/\n[^\n]{20}/, `\n${'A'.repeat(20)}`)
  it.each([
    ['an encrypted key', own.cert, privateKey.export({ type: 'pkcs8', ...protection }), 'the private key is encrypted'],
    [
      'one of the old form',
      own.cert,
      privateKey.export({ type: 'pkcs1', ...protection }),
      'the private key is encrypted',
    ],
    ['a public key', own.cert, publicKey.export({ type: 'spki', format: 'pem' }), 'the key file has no private key'],
    ['a certificate as the key', own.cert, own.cert, 'the key file has no private key in PEM form, but a certificate'],
    [
      'a key as the certificate',
      own.key,
      own.key,
      'the certificate file has no certificate in PEM form, but a private key',
    ],
    ['a certificate that is not PEM', 'MIIB', own.key, 'the certificate file has no certificate in PEM form'],
    ['a key that is not PEM', own.cert, 'MIIB', 'the key file has no private key in PEM form'],
    ['a damaged key', own.cert, damaged(own.key), 'the private key is damaged'],
    ['a damaged certificate', damaged(own.cert), own.key, 'certificate 1 of the certificate file is damaged'],
    ['a damaged second one', own.cert + damaged(ca.cert), own.key, 'certificate 2 of the certificate file is damaged'],
    ['a certificate without a key', own.cert, undefined, 'a certificate needs its key'],
  ])('are refused with the reason: %s', (_, cert, key, reason) => {
    const { message } = refusal(cert, key as string | undefined)
    expect(message).toContain(reason)
    for (const line of own.key.split('\n').slice(1, 3)) expect(message).not.toContain(line)
  })
})
