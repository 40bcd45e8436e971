import { generateKeyPairSync, sign } from 'node:crypto'
import { registryErrors } from '@berth/errors'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeBase64url } from './base64url.ts'
import { attachSignatures } from './envelope.ts'
import { openSigned } from './open-signed.ts'
import { signingInput, signManifest } from './sign-manifest.ts'
import { SigningKey } from './signing-key.ts'
import { exampleKey, examplePayload, exampleSigned, exampleTime } from './worked-example.ts'

const key = SigningKey.parse(exampleKey)
const payload = Buffer.from(examplePayload)
const other = SigningKey.generate()

interface Block {
  header: { jwk?: object; alg?: unknown; x5c?: unknown }
  signature: unknown
  protected: unknown
}

/** A signature by `by` of what it says, true or not. */
function blockOf(by: SigningKey = key, region: object = {}, content: Uint8Array = payload): Block {
  const text = encodeBase64url(JSON.stringify({ formatLength: 376, formatTail: 'Cn0', ...region }))
  return {
    header: { jwk: by.publicKey.jwk, alg: by.algorithm.name },
    signature: encodeBase64url(by.sign(signingInput(text, encodeBase64url(content)))),
    protected: text,
  }
}

function documentOf(...signatures: unknown[]): Buffer {
  return attachSignatures(payload, 376, signatures)
}

/** What a document is refused with; nothing where it is accepted. */
function refusalOf(content: Uint8Array): readonly [code: string, detail: unknown] | undefined {
  try {
    openSigned(content)
    return undefined
  } catch (error) {
    const [fault] = registryErrors(error)
    if (fault === undefined) throw error
    return [fault.code, fault.detail]
  }
}

const refusedWith = (code: string, reason: RegExp): unknown => [
  code,
  expect.objectContaining({ reason: expect.stringMatching(reason) as string }),
]
const invalid = (reason: RegExp) => refusedWith('MANIFEST_INVALID', reason)
const unverified = (reason: RegExp) => refusedWith('MANIFEST_UNVERIFIED', reason)

describe('a signed manifest', () => {
  it('of libtrust gives its payload, byte for byte', () => {
    expect(Buffer.from(openSigned(Buffer.from(exampleSigned))).toString()).toBe(examplePayload)
  })

  it('may have several signatures, each of which must be good', () => {
    expect(refusalOf(documentOf(blockOf(), blockOf(other)))).toBeUndefined()
    const bad = { ...blockOf(other), signature: blockOf(key).signature }
    expect(refusalOf(documentOf(blockOf(), bad))).toEqual(unverified(/^signatures\[1\]: invalid signature/))
  })

  it('may be signed by RSA with any of its hashes, and is verified with the one that it names', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsa = SigningKey.parse(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
    const block = blockOf(rsa)
    const input = signingInput(block.protected as string, encodeBase64url(payload))
    for (const bits of ['256', '384', '512'])
      for (const named of ['256', '384', '512']) {
        const signature = encodeBase64url(sign(`sha${bits}`, input, privateKey))
        const header = { ...block.header, alg: `RS${named}` }
        const expected = bits === named ? undefined : unverified(/invalid signature/)
        expect(refusalOf(documentOf({ ...block, header, signature }))).toEqual(expected)
      }
  })

  it('need not name the id of its key', () => {
    const block = blockOf()
    const { kid: _, ...jwk } = key.publicKey.jwk
    block.header.jwk = jwk
    expect(refusalOf(documentOf(block))).toBeUndefined()
  })
})

describe('a manifest is refused', () => {
  it.each<[string, unknown, unknown]>([
    ['without signatures', undefined, invalid(/missing signature key/)],
    ['with an empty list of them', [], invalid(/one to 4/)],
    ['with a text in their place', 'x', invalid(/one to 4/)],
    ['with more than anybody has', Array.from({ length: 5 }, () => blockOf()), invalid(/one to 4/)],
    ['with null for one', [null], invalid(/must be an object/)],
    ['with a list for one', [[]], invalid(/must be an object/)],
    ['with one that has nothing', [{}], invalid(/must be an object/)],
  ])('%s', (_, signatures, expected) => {
    expect(refusalOf(Buffer.from(JSON.stringify({ schemaVersion: 1, signatures })))).toEqual(expected)
  })

  const changed = (change: (block: Block) => void): Block => {
    const block = structuredClone(blockOf())
    change(block)
    return block
  }
  const { crv, kid, kty, x, y } = key.publicKey.jwk as Record<string, string>
  it.each<[string, Block, unknown]>([
    ['without a key', changed(({ header }) => delete header.jwk), unverified(/missing public key/)],
    ['without an algorithm', changed(({ header }) => delete header.alg), unverified(/must be ES256/)],
    ['that says it is not signed', changed(({ header }) => (header.alg = 'none')), unverified(/must be ES256/)],
    ['with a shared secret', changed(({ header }) => (header.alg = 'HS256')), unverified(/must be ES256/)],
    [
      'with an algorithm of another curve',
      changed(({ header }) => (header.alg = 'ES384')),
      unverified(/must be ES256/),
    ],
    ['with an algorithm of another kind', changed(({ header }) => (header.alg = 'RS256')), unverified(/must be ES256/)],
    ['with a number for one', changed(({ header }) => (header.alg = 256)), unverified(/must be ES256/)],
    [
      'with a symmetric key',
      changed(({ header }) => (header.jwk = { kty: 'oct', k: 'AAAA' })),
      unverified(/must be of type EC or RSA/),
    ],
    [
      'with a private key',
      changed(({ header }) => (header.jwk = { crv, kid, kty, x, y, d: x })),
      unverified(/has a member that no public key has: d/),
    ],
    [
      'with the id of another key',
      changed(({ header }) => (header.jwk = { crv, kid: other.publicKey.id, kty, x, y })),
      unverified(/and not the one that it says/),
    ],
    [
      'with a point that is not on the curve',
      changed(({ header }) => (header.jwk = { crv, kty, x: y, y: x })),
      unverified(/is no key of its kind/),
    ],
    [
      'with coordinates that are too short',
      changed(({ header }) => (header.jwk = { crv, kty, x: 'AA', y })),
      unverified(/coordinates of 32 bytes/),
    ],
    [
      'with a curve that nobody signs by',
      changed(({ header }) => (header.jwk = { crv: 'secp256k1', kty, x, y })),
      unverified(/must be on the curve/),
    ],
    [
      'with an RSA key that is too small',
      changed(({ header }) => (header.jwk = { e: 'AQAB', kty: 'RSA', n: encodeBase64url(Buffer.alloc(128, 255)) })),
      unverified(/modulus of 2048 to 8192 bits/),
    ],
    [
      'with an RSA key that is too large',
      changed(({ header }) => (header.jwk = { e: 'AQAB', kty: 'RSA', n: encodeBase64url(Buffer.alloc(1025, 255)) })),
      unverified(/modulus of 2048 to 8192 bits/),
    ],
    [
      'with an exponent that is too large',
      changed(({ header }) => {
        const n = encodeBase64url(Buffer.alloc(256, 255))
        header.jwk = { e: encodeBase64url(Buffer.alloc(256, 255)), kty: 'RSA', n }
      }),
      unverified(/odd exponent/),
    ],
    [
      'with a certificate in place of a key, which nobody could check',
      changed(({ header }) => {
        delete header.jwk
        header.x5c = ['AAAA']
      }),
      invalid(/has no place in a signature: x5c/),
    ],
    ['signed by another key', { ...blockOf(), signature: blockOf(other).signature }, unverified(/invalid signature/)],
    ['with a signature that is not base64url', changed((block) => (block.signature = '+/==')), invalid(/base64url/)],
    ['with a signature that is too short', changed((block) => (block.signature = 'AAAA')), unverified(/invalid sig/)],
    ['with no protected header', changed((block) => (block.protected = undefined)), invalid(/base64url/)],
    ['with a protected header without end', changed((block) => (block.protected = 'A'.repeat(2000))), invalid(/short/)],
    [
      'with one that is no JSON',
      changed((block) => (block.protected = encodeBase64url('{'))),
      invalid(/not valid JSON/),
    ],
    ['that wants something understood', blockOf(key, { crit: ['b64'], b64: false }), invalid(/crit/)],
    ['without a format length', blockOf(key, { formatLength: undefined }), invalid(/invalid format length/)],
    ['with a negative one', blockOf(key, { formatLength: -1 }), invalid(/invalid format length/)],
    ['with a broken one', blockOf(key, { formatLength: 1.5 }), invalid(/invalid format length/)],
    ['with a text for one', blockOf(key, { formatLength: '376' }), invalid(/invalid format length/)],
    ['with one beyond its end', blockOf(key, { formatLength: 100_000 }), invalid(/invalid format length/)],
    ['with one that is less than it was', blockOf(key, { formatLength: 375 }), invalid(/last member/)],
    ['with one that is more', blockOf(key, { formatLength: 377 }), invalid(/last member/)],
    ['without a format tail', blockOf(key, { formatTail: undefined }), invalid(/invalid format tail/)],
    ['with a number for one', blockOf(key, { formatTail: 1 }), invalid(/invalid format tail/)],
    ['with no end', blockOf(key, { formatTail: '' }), invalid(/invalid format tail/)],
    [
      'with a tail that hides something',
      blockOf(key, { formatTail: encodeBase64url(',"name":"other"}') }),
      invalid(/invalid format tail/),
    ],
    ['signed with another tail', blockOf(key, { formatTail: encodeBase64url('}') }), unverified(/invalid signature/)],
  ])('%s', (_, block, expected) => {
    expect(refusalOf(documentOf(block))).toEqual(expected)
  })

  it('whose signatures do not agree on where it ends', () => {
    expect(refusalOf(documentOf(blockOf(), blockOf(key, { formatLength: 375 })))).toEqual(
      invalid(/conflicting format length/),
    )
    expect(refusalOf(documentOf(blockOf(), blockOf(key, { formatTail: encodeBase64url('}') })))).toEqual(
      invalid(/conflicting format tail/),
    )
  })

  it.each([
    ['something after its signatures', (text: string) => text.replace(/\}$/, ',"name":"other"}')],
    ['space after its end', (text: string) => `${text}\n`],
    ['its signatures twice', (text: string) => text.replace('"signatures"', '"signatures": [], "signatures"')],
    ['other space in its signatures', (text: string) => text.replace('"alg": "', '"alg":  "')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
  ])('that has %s', (_, change) => {
    expect(refusalOf(Buffer.from(change(exampleSigned)))?.[0]).toBe('MANIFEST_INVALID')
  })
})

describe('any other document', () => {
  let signed: Buffer
  beforeAll(() => {
    signed = Buffer.from(signManifest(payload, key, exampleTime))
  })
  const codes = ['MANIFEST_INVALID', 'MANIFEST_UNVERIFIED']

  // Eight thousand signatures, which a busy machine takes its time for.
  it('than the one that was signed is refused, whatever byte of it differs', { timeout: 60_000 }, () => {
    for (let at = 0; at < signed.length; at += 1)
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(signed)
        flipped[at] = (flipped[at] as number) ^ (1 << bit)
        expect(codes, `bit ${bit} of byte ${at}`).toContain(refusalOf(flipped)?.[0])
      }
  })

  it('that differs in several bytes, lacks some or has more is refused, with the reason', () => {
    const edit = fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 3 }))
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let content = signed
        for (const [where, removed, added] of edits) {
          const at = where % (content.length + 1)
          content = Buffer.concat([content.subarray(0, at), added, content.subarray(at + removed)])
        }
        fc.pre(!content.equals(signed))
        const refusal = refusalOf(content)
        expect(codes).toContain(refusal?.[0])
        expect(refusal?.[1]).toMatchObject({ reason: expect.any(String) as string })
      }),
      { numRuns: 2000 },
    )
  })

  it('with anything in the place of a part of its signature is refused', () => {
    const parts: readonly (readonly string[])[] = [
      ['header'],
      ['signature'],
      ['protected'],
      ['header', 'jwk'],
      ['header', 'alg'],
      ...['crv', 'kid', 'kty', 'x', 'y', 'd', 'n', 'e'].map((member) => ['header', 'jwk', member]),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.jsonValue(), (path, value) => {
        const block = structuredClone(blockOf()) as unknown as Record<string, unknown>
        const parent = path.slice(0, -1).reduce((object, name) => object[name] as Record<string, unknown>, block)
        parent[path.at(-1) as string] = value
        expect(codes).toContain(refusalOf(documentOf(block))?.[0])
      }),
    )
  })

  it('with any protected header that its key signed is refused, but for the one that is true', () => {
    const region = fc.record(
      {
        formatLength: fc.oneof(fc.integer({ min: 300, max: 400 }), fc.jsonValue()),
        formatTail: fc.oneof(
          fc.constantFrom('Cn0', 'fQ', 'CX0', 'LH0').map((each) => each as unknown),
          fc.jsonValue(),
        ),
        crit: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(region, (changes) => {
        const block = blockOf(key, changes)
        const { formatLength = 376, formatTail = 'Cn0', crit } = changes
        const isTrue = formatLength === 376 && formatTail === 'Cn0' && crit === undefined
        expect(refusalOf(documentOf(block)) === undefined).toBe(isTrue)
      }),
    )
  })

  it('is read in an instant, however large', () => {
    const large = {
      schemaVersion: 1,
      history: Array.from({ length: 100_000 }, () => ({ v1Compatibility: '{"id":"a"}' })),
    }
    const content = Buffer.from(signManifest(Buffer.from(JSON.stringify(large)), key, exampleTime))
    expect(refusalOf(content)).toBeUndefined()
    const deep = Buffer.from('{"a":'.repeat(500_000) + '1' + '}'.repeat(500_000))
    expect(refusalOf(deep)).toEqual(invalid(/nested more than 100 levels/))
  })
})
