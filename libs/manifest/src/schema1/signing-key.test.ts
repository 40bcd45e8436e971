import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PublicKey } from './public-key.ts'
import { SigningKey } from './signing-key.ts'
import { exampleId, exampleKey } from './worked-example.ts'

const jwk = JSON.parse(exampleKey) as Record<string, string>

describe('a signing key', () => {
  it('has the id that libtrust gives it', () => {
    expect(SigningKey.parse(exampleKey).publicKey.id).toBe(exampleId)
  })

  it('is the same in all forms', () => {
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    for (const type of ['pkcs8', 'sec1'] as const)
      expect(SigningKey.parse(key.export({ type, format: 'pem' }) as string).publicKey.id).toBe(exampleId)
    const { kid: _, ...withoutId } = jwk
    expect(SigningKey.parse(` ${JSON.stringify(withoutId)}\n`).publicKey.id).toBe(exampleId)
  })

  it('may have its id in PEM, as libtrust writes it', () => {
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    const text = key.export({ type: 'sec1', format: 'pem' }) as string
    const withId = text.replace('KEY-----\n', `KEY-----\nkeyID: ${exampleId}\n\n`)
    for (const each of [withId, withId.replaceAll('\n', '\r\n'), withId.replace('\n\n', '\nhosts: a,b\n\n')])
      expect(SigningKey.parse(each).publicKey.id).toBe(exampleId)
  })

  it('cannot be encrypted', () => {
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    for (const type of ['sec1', 'pkcs8'] as const) {
      const text = key.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string
      expect(() => SigningKey.parse(text)).toThrow('is no private key in PEM without a password')
    }
  })

  it('may be RSA, in both forms of PEM', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
    const ids = (['pkcs8', 'pkcs1'] as const).map((type) => {
      return SigningKey.parse(privateKey.export({ type, format: 'pem' }) as string).publicKey.id
    })
    expect(new Set(ids).size).toBe(1)
  })

  it('is another one each time that it is made', () => {
    expect(SigningKey.generate().publicKey.id).not.toBe(SigningKey.generate().publicKey.id)
  })

  it.each([
    ['nothing', '', 'is no private key in PEM'],
    ['text', 'secret', 'is no private key in PEM'],
    ['broken JSON', '{"kty":', 'is no private JSON Web Key'],
    ['a public key', JSON.stringify({ ...jwk, d: undefined }), 'is no private JSON Web Key'],
    ['a private part of another', JSON.stringify({ ...jwk, d: jwk['x'] }), ''],
    ['another’s id', JSON.stringify({ ...jwk, kid: `X${exampleId.slice(1)}` }), 'and not the one that it says'],
    ['a symmetric key', '{"kty":"oct","k":"AAAA"}', 'is no private JSON Web Key'],
    ['an Ed25519 key', pem(generateKeyPairSync('ed25519')), 'must be of type EC or RSA'],
    ['a key on another curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), 'must be on the curve'],
    ['a small RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 })), 'modulus of 2048 to 8192 bits'],
  ])('cannot be %s, and what it was is not told', (_, text, reason) => {
    expect(() => SigningKey.parse(text)).toThrow(reason)
    expect(() => SigningKey.parse(text)).not.toThrow(jwk['d'] as string)
  })
})

describe('a public key', () => {
  it('has nothing of the private one', () => {
    const { publicKey } = SigningKey.parse(exampleKey)
    expect(JSON.stringify(publicKey.jwk)).toBe(
      `{"crv":"P-256","kid":"${exampleId}","kty":"EC","x":"${jwk['x']}","y":"${jwk['y']}"}`,
    )
    expect(PublicKey.parse(publicKey.jwk).id).toBe(exampleId)
  })
})

function pem({ privateKey }: { privateKey: ReturnType<typeof createPrivateKey> }): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}
