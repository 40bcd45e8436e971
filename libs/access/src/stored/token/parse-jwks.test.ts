import { describe, expect, it } from 'vitest'
import { thumbprint } from './thumbprint.ts'
import { parseJwks } from './parse-jwks.ts'
import { testIssuer } from './test-tokens.ts'

const { publicKey } = testIssuer()
const jwk = publicKey.export({ format: 'jwk' })
const idsOf = (keys: unknown): readonly string[] => [...parseJwks(JSON.stringify({ keys })).keys()]

describe('a set of keys', () => {
  it('has them by their ids, and by their thumbprints where they have none', () => {
    expect(idsOf([{ ...jwk, kid: 'a' }, jwk])).toEqual(['a', thumbprint(publicKey)])
  })

  it('says which algorithm a key is for, if it does', () => {
    const keys = parseJwks(JSON.stringify({ keys: [{ ...jwk, kid: 'a', alg: 'ES256' }] }))
    expect(keys.get('a')).toMatchObject({ alg: 'ES256', key: { type: 'public' } })
  })

  it('says until when a key is trusted, and has no key whose end it does not say in seconds', () => {
    const keys = [
      { ...jwk, kid: 'a', exp: 5 },
      { ...jwk, kid: 'b', exp: '2030' },
    ]
    expect([...parseJwks(JSON.stringify({ keys })).entries()]).toMatchObject([['a', { trustedUntilMs: 5000 }]])
  })

  it('may have what is passed over', () => {
    const others = [{ ...jwk, kid: 'b', use: 'enc' }, { kty: 'XYZ', kid: 'c' }, { kty: 'oct', k: 'AAAA' }, 3, null]
    expect(idsOf([...others, { ...jwk, kid: 'a', use: 'sig' }])).toEqual(['a'])
  })

  it.each([['[]'], ['{}'], ['{"keys":[]}'], ['{"keys":{}}'], ['null'], ['x'], ['{"keys":[{"kty":"EC"}]}']])(
    'is none: %s',
    (text) => {
      expect(() => parseJwks(text)).toThrow(/JSON|at least one token signing key/)
    },
  )

  it('that is broken is not told with what is in it', () => {
    expect(() => parseJwks('{"keys": [{"kty": "oct", "k": "hunter2" "}]}')).toThrow(/^not JSON$/)
  })
})
