import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { algorithmOf, algorithms, encodedOf, isDigestAlgorithm, parseDigest } from './digest.ts'

const hex = 'e58fcf7418d4390dec8e8fb69d88c06ec07039d651fedd3aa72af9972e7d046b'
const lengths = { sha256: 64, sha384: 96, sha512: 128 } as const

function reasonOf(text: string): string | undefined {
  try {
    parseDigest(text)
    return undefined
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'DIGEST_INVALID') throw error
    return (error as RegistryError<'DIGEST_INVALID'>).detail.reason
  }
}

describe('a digest', () => {
  it.each([`sha256:${hex}`, `sha384:${'0a'.repeat(48)}`, `sha512:${'f9'.repeat(64)}`])('may be %s', (text) => {
    expect(parseDigest(text)).toBe(text)
  })

  it.each([
    '',
    ':',
    ':abc',
    'sha256:',
    'd41d8cd98f00b204e9800998ecf8427e',
    `sha256:${hex.toUpperCase()}`,
    `sha256:${hex.slice(1)}g`,
    `sha256:${hex.slice(1)}\n`,
    `SHA256:${hex}`,
    'foo bar:abc',
    'foo..bar:abc',
    'foo:a b',
    'sha256+b64:LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564',
  ])('cannot be "%s", for its format', (text) => {
    expect(reasonOf(text)).toBe('invalid checksum digest format')
  })

  it.each([
    'sha256:d41d8cd98f00b204e9800998ecf8427e',
    'sha256:abcdef0123456789',
    'sha256:abc',
    `sha256:${hex}0`,
    `sha384:${hex}`,
    `sha512:${hex}`,
  ])('cannot be "%s", for its length', (text) => {
    expect(reasonOf(text)).toBe('invalid checksum digest length')
  })

  it.each([
    'bean:0123456789abcdef',
    'sha257:abc',
    'md5:d41d8cd98f00b204e9800998ecf8427e',
    `blake3:${hex}`,
    `sha256-garbage:${hex}`,
    'foo:d41d8cd98f00b204e9800998ecf8427e',
    'sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564',
    'constructor:abc',
  ])('cannot be "%s", for its algorithm', (text) => {
    expect(reasonOf(text)).toBe('unsupported digest algorithm')
  })

  it.each(['a', 'a.', 'a-', ':', '0:'])('is refused as one, even a few million times "%s"', (unit) => {
    expect(reasonOf(`${unit.repeat(4_000_000)}a:b`)).toBe('invalid checksum digest format')
  })

  it('has an algorithm and an encoded part, and is made of them', () => {
    const digit = fc.constantFrom(...Array.from('0123456789abcdef'))
    const parts = fc.constantFrom(...algorithms).chain((algorithm) => {
      const length = lengths[algorithm]
      return fc.tuple(fc.constant(algorithm), fc.string({ unit: digit, minLength: length, maxLength: length }))
    })
    fc.assert(
      fc.property(parts, ([algorithm, encoded]) => {
        const digest = parseDigest(`${algorithm}:${encoded}`)
        expect([algorithmOf(digest), encodedOf(digest)]).toEqual([algorithm, encoded])
      }),
    )
  })

  it('is itself, or refused as one, whatever it is', () => {
    const almost = fc.tuple(fc.constantFrom('sha256', 'sha512', 'x', ''), fc.string()).map((parts) => parts.join(':'))
    const changed = fc.tuple(fc.nat(70), fc.string({ maxLength: 2 })).map(([at, by]) => {
      const text = `sha256:${hex}`
      return text.slice(0, at) + by + text.slice(at + 1)
    })
    fc.assert(
      fc.property(fc.oneof(fc.string(), almost, changed), (text) => {
        expect(() => reasonOf(text)).not.toThrow()
      }),
    )
  })
})

describe('a digest algorithm', () => {
  it.each(algorithms)('is %s', (text) => {
    expect(isDigestAlgorithm(text)).toBe(true)
  })

  it.each(['', 'sha1', 'SHA256', 'toString', '__proto__'])('is not "%s"', (text) => {
    expect(isDigestAlgorithm(text)).toBe(false)
  })
})
