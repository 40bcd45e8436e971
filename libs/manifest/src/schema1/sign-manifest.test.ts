import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { digestOf } from '@berth/digest'
import { describe, expect, it } from 'vitest'
import { openSigned } from './open-signed.ts'
import { signManifest } from './sign-manifest.ts'
import { SigningKey } from './signing-key.ts'
import {
  exampleDigest,
  exampleKey,
  examplePayload,
  exampleProtected,
  exampleSigned,
  exampleTime,
} from './worked-example.ts'

const key = SigningKey.parse(exampleKey)
const payload = Buffer.from(examplePayload)

interface Signed {
  readonly signatures: readonly {
    readonly header: { readonly jwk: Record<string, string>; readonly alg: string }
    readonly signature: string
    readonly protected: string
  }[]
}

function signaturesOf(content: Uint8Array): Signed['signatures'] {
  return (JSON.parse(Buffer.from(content).toString()) as Signed).signatures
}

function protectedOf(content: Uint8Array): unknown {
  return JSON.parse(Buffer.from(signaturesOf(content)[0]?.protected ?? '', 'base64url').toString())
}

describe('a signed manifest', () => {
  it('is libtrust’s, byte for byte, but for the signature, in which there is chance', () => {
    expect([payload.byteLength, digestOf(payload)]).toEqual([378, exampleDigest])
    const signed = Buffer.from(signManifest(payload, key, exampleTime))
    expect(signed).toHaveLength(1021)
    const withoutSignature = (text: string) => text.replace(/"signature": "[\w-]{86}"/, '')
    expect(withoutSignature(signed.toString())).toBe(withoutSignature(exampleSigned))
  })

  it('says where its payload ends, and when it was signed', () => {
    const signed = signManifest(payload, key, exampleTime)
    expect(protectedOf(signed)).toEqual({ formatLength: 376, formatTail: 'Cn0', time: '2026-11-22T04:57:34Z' })
    expect(signaturesOf(signed)[0]?.protected).toBe(exampleProtected)
  })

  it('can be verified without anything of ours', () => {
    const [{ header, signature, protected: region }] = signaturesOf(signManifest(payload, key, exampleTime)) as [
      Signed['signatures'][0],
    ]
    const signed = Buffer.from(`${region}.${payload.toString('base64url')}`)
    const by = { key: createPublicKey({ key: header.jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', signed, by, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  it.each([
    ['on one line', '{"schemaVersion":1}', '{"schemaVersion":1,"signatures":[{"header":{"jwk":{'],
    ['indented by tabs', '{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"signatures": [\n\t\t{\n\t\t\t"header": {\n'],
    ['of lines that are not indented', '{\n"a": 1\n}', '{\n"a": 1,"signatures":[{'],
    ['with space after it', '{ "a": 1 } \n', '{ "a": 1,"signatures":[{'],
    ['indented beyond reason', `{\n${' '.repeat(17)}"a": 1\n}`, `{\n${' '.repeat(17)}"a": 1,"signatures":[{`],
  ])('has signatures in the form of its payload: %s', (_, text, beginning) => {
    const signed = signManifest(Buffer.from(text), key, exampleTime)
    expect(Buffer.from(signed).toString().slice(0, beginning.length)).toBe(beginning)
    expect(Buffer.from(openSigned(signed)).toString()).toBe(text)
  })

  it.each(['', ' ', '}', '{}', '{ }', '{"a":1,}', '{"a":1', '[]'])('is not made of %j', (text) => {
    expect(() => signManifest(Buffer.from(text), key, exampleTime)).toThrow('only a JSON object with members')
  })

  it.each([
    ['ES384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    ['ES512', () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey],
    ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ])('may be signed by %s', (algorithm, generate) => {
    const own = SigningKey.parse(generate().export({ type: 'pkcs8', format: 'pem' }) as string)
    const signed = signManifest(payload, own, exampleTime)
    expect(signaturesOf(signed)[0]?.header).toEqual({ jwk: own.publicKey.jwk, alg: algorithm })
    expect(Buffer.from(openSigned(signed))).toEqual(payload)
  })
})
