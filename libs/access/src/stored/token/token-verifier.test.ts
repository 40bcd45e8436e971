import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { makeSigningKey, signToken } from '../../token-server/signing-key.ts'
import { SigningKeys } from '../../token-server/signing-keys.ts'
import { keptLog } from '../test-files.ts'
import type { WatchedFile } from '../watched-file.ts'
import { type CertificateBundle, CertificateKeys, parseBundle } from './certificate-keys.ts'
import { JwksFileKeys } from './jwks-file-keys.ts'
import { parseChangedJwks } from './parse-jwks.ts'
import { issueCertificate } from './test-certificates.ts'
import { byKey, claimsOf, nowMs, testIssuer, tokenOf, x5cOf } from './test-tokens.ts'
import { AnyTokenKeys, type TokenKeys } from './token-keys.ts'
import { TokenVerifier } from './token-verifier.ts'

const hour = 3_600_000
const second = 1000
const far = nowMs / second + 10 * 365 * 24 * 3600
const issuer = testIssuer()
const connection = {}

/** A verifier with a clock of its own. */
function verifierOf(keysAt: (clock: () => number) => TokenKeys, leewayMs = 0) {
  let now = nowMs
  const clock = () => now
  const verifier = new TokenVerifier({
    keys: keysAt(clock),
    issuer: 'issuer.example',
    service: 'registry.example',
    algorithms: ['ES256'],
    leewayMs,
    nowMs: clock,
  })
  const outcome = async (verify: () => unknown): Promise<string> => {
    try {
      return (await verify()) === undefined ? 'unknown' : 'accepted'
    } catch (error) {
      return (error as Error).message
    }
  }
  return {
    verify: (token: string) => outcome(() => verifier.verify(token)),
    /** What is remembered of a token, by a connection that showed it before, and by another. */
    recalled: async (token: string) => [
      await outcome(() => verifier.recall(token, connection)),
      await outcome(() => verifier.recall(token, {})),
    ],
    at: (ms: number) => void (now = nowMs + ms),
  }
}

const certificateKeys = (roots: readonly { toString(): string }[], clock: () => number) =>
  new CertificateKeys({ value: parseBundle(roots.map(String).join('')) } as WatchedFile<CertificateBundle>, clock)

const notTrusted = 'signed with a key that is not trusted'

describe('a token that was verified before', () => {
  it('is no longer believed from the exp of the token server’s key on', async () => {
    const key = { ...makeSigningKey(0), trustedUntil: (nowMs + hour) / second }
    const store = { value: [key, makeSigningKey(0)], replace() {} }
    const rotation = { signs: 0, ahead: 0, trusted: 0 }
    const verifier = verifierOf((clock) => new SigningKeys({ store, rotation, log: keptLog(), nowMs: clock }), hour)
    const token = signToken(key, 'JWT', claimsOf({ exp: far }))
    await verifier.verify(token)
    verifier.at(hour - 1)
    expect(await verifier.recalled(token)).toEqual(['accepted', 'accepted'])
    verifier.at(hour)
    expect(await verifier.recalled(token)).toEqual(['unknown', 'unknown'])
    expect(await verifier.verify(token)).toBe(notTrusted)
    expect(await verifier.recalled(token)).toEqual(['unknown', 'unknown'])
  })

  it('is no longer believed from the exp of a key of a set on', async () => {
    const jwk = { ...issuer.publicKey.export({ format: 'jwk' }), kid: 'k', exp: (nowMs + hour) / second }
    const value = parseChangedJwks(JSON.stringify({ keys: [jwk] }))
    const verifier = verifierOf((clock) => new JwksFileKeys({ value } as WatchedFile<typeof value>, clock), hour)
    const token = tokenOf({ alg: 'ES256', kid: 'k' }, claimsOf({ exp: far }), byKey(issuer.privateKey))
    await verifier.verify(token)
    verifier.at(hour - 1)
    expect(await verifier.recalled(token)).toEqual(['accepted', 'accepted'])
    verifier.at(hour)
    expect(await verifier.recalled(token)).toEqual(['unknown', 'unknown'])
    expect(await verifier.verify(token)).toBe(notTrusted)
  })

  // The middle certificate vouches for the leaf, and the root for the middle one.
  it.each([
    ['its own certificate', [1, 2, 3]],
    ['an intermediate certificate', [2, 1, 3]],
    ['the root certificate', [2, 3, 1]],
  ])('is no longer believed after the end of %s, which is the first of the chain to end', async (_, hours) => {
    const [leafEnd, middleEnd, rootEnd] = hours.map((each) => new Date(nowMs + each * hour)) as [Date, Date, Date]
    const [root, middle, leaf] = ['root', 'middle', 'leaf'].map(() =>
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    )
    const from = (name: string, { privateKey }: { readonly privateKey: KeyObject }) => ({ name, privateKey })
    const ca = { isAuthority: true }
    const roots = [
      issueCertificate({ ...ca, name: 'r', publicKey: root!.publicKey, issuer: from('r', root!), until: rootEnd }),
    ]
    const chain = [
      issueCertificate({
        name: 'l',
        publicKey: leaf!.publicKey,
        issuer: from('m', middle!),
        isAuthority: false,
        until: leafEnd,
      }),
      issueCertificate({ ...ca, name: 'm', publicKey: middle!.publicKey, issuer: from('r', root!), until: middleEnd }),
    ]
    const verifier = verifierOf((clock) => new AnyTokenKeys([certificateKeys(roots, clock)]), hour)
    const token = tokenOf({ alg: 'ES256', x5c: x5cOf(...chain) }, claimsOf({ exp: far }), byKey(leaf!.privateKey))
    await verifier.verify(token)
    verifier.at(hour)
    expect(await verifier.recalled(token)).toEqual(['accepted', 'accepted'])
    verifier.at(hour + 1)
    expect(await verifier.recalled(token)).toEqual(['unknown', 'unknown'])
    expect(await verifier.verify(token)).toBe(notTrusted)
  })

  it('is no longer believed after its own exp and the leeway', async () => {
    const keys = () => certificateKeys([issuer.certificate], () => nowMs)
    const verifier = verifierOf(keys, 60 * second)
    const header = { alg: 'ES256', x5c: x5cOf(issuer.certificate) }
    const token = tokenOf(header, claimsOf({ exp: nowMs / second }), byKey(issuer.privateKey))
    await verifier.verify(token)
    verifier.at(60 * second)
    expect(await verifier.recalled(token)).toEqual(['accepted', 'accepted'])
    verifier.at(60 * second + 1)
    expect(await verifier.recalled(token)).toEqual(['it has expired', 'it has expired'])
  })

  it('is verified again, and then remembered again, where its key is still trusted', async () => {
    let untilMs = nowMs + hour
    const find = () => ({ key: issuer.publicKey, trustedUntilMs: untilMs })
    const verifier = verifierOf(() => ({ generation: 1, find }))
    const token = tokenOf({ alg: 'ES256' }, claimsOf({ exp: far }), byKey(issuer.privateKey))
    await verifier.verify(token)
    expect(await verifier.recalled(token)).toEqual(['accepted', 'accepted'])
    verifier.at(hour)
    expect(await verifier.recalled(token)).toEqual(['unknown', 'unknown'])
    untilMs = nowMs + 2 * hour
    expect(await verifier.verify(token)).toBe('accepted')
    expect(await verifier.recalled(token)).toEqual(['accepted', 'accepted'])
  })

  it('is not believed once its key is gone, and no other key is left', async () => {
    const jwk = { ...issuer.publicKey.export({ format: 'jwk' }), kid: 'k' }
    let value = parseChangedJwks(JSON.stringify({ keys: [jwk] }))
    const file = {
      get value() {
        return value
      },
    } as WatchedFile<typeof value>
    const verifier = verifierOf((clock) => new JwksFileKeys(file, clock))
    const token = tokenOf({ alg: 'ES256', kid: 'k' }, claimsOf({ exp: far }), byKey(issuer.privateKey))
    await verifier.verify(token)
    expect(await verifier.recalled(token)).toEqual(['accepted', 'accepted'])
    value = parseChangedJwks('{"keys":[]}')
    expect(await verifier.recalled(token)).toEqual(['unknown', 'unknown'])
    expect(await verifier.verify(token)).toBe(notTrusted)
  })
})
