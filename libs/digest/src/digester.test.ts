import { collect, streamOf } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyDigest } from './digest.ts'
import { digestOf, Digester, verifyDigest } from './digester.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

// FIPS 180-4's example message.
const abc = {
  sha256: 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha384: 'sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  sha512:
    'sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
} as const

describe('the digest of content', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('is computed as %s', (algorithm) => {
    expect(digestOf(bytes('abc'), algorithm)).toBe(abc[algorithm])
    expect(digestOf('abc', algorithm)).toBe(abc[algorithm])
  })

  it('is a sha256 where nobody says otherwise', () => {
    expect(digestOf(bytes('abc'))).toBe(abc.sha256)
    expect(new Digester().algorithm).toBe('sha256')
  })

  it('that is empty is known', () => {
    expect(digestOf(bytes(''))).toBe(emptyDigest)
    expect(new Digester().digest()).toBe(emptyDigest)
  })

  it('is the same in however many parts it comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.constantFrom('sha256', 'sha384', 'sha512'), (parts, algorithm) => {
        const digester = new Digester(algorithm)
        for (const part of parts) digester.update(part)
        expect(digester.digest()).toBe(digestOf(Buffer.concat(parts), algorithm))
      }),
    )
  })
})

describe('verifying while streaming', () => {
  it('passes the very chunks through', async () => {
    const chunks = [bytes('a'), bytes(''), bytes('bc')]
    const seen: Uint8Array[] = []

    for await (const chunk of verifyDigest(streamOf(...chunks), digestOf('abc', 'sha512'))) seen.push(chunk)

    expect(seen.length).toBe(3)
    expect(seen.every((chunk, index) => chunk === chunks[index])).toBe(true)
  })

  it('throws after the last byte of other content, and says what it is', async () => {
    const expected = digestOf('abc')
    const seen: Uint8Array[] = []
    const read = async (): Promise<void> => {
      for await (const chunk of verifyDigest(streamOf(bytes('ab'), bytes('d')), expected)) seen.push(chunk)
    }

    await expect(read()).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
      detail: { digest: expected, reason: `content does not match digest: it is ${digestOf('abd')}` },
    })
    expect(seen).toHaveLength(2)
  })

  it('throws on content that is cut off, if only its last byte is missing', async () => {
    await expect(collect(verifyDigest(streamOf(bytes('ab')), digestOf('abc')), 3)).rejects.toThrow(RegistryError)
  })

  it('judges nothing where its source throws', async () => {
    async function* broken() {
      yield bytes('a')
      throw new Error('connection reset')
    }

    await expect(collect(verifyDigest(broken(), digestOf('abc')), 3)).rejects.toThrow('connection reset')
  })

  it('releases its source when its reader stops', async () => {
    let isReleased = false
    async function* source() {
      try {
        yield bytes('a')
        yield bytes('b')
      } finally {
        isReleased = true
      }
    }

    const reader = verifyDigest(source(), digestOf('ab'))[Symbol.asyncIterator]()
    await reader.next()
    await reader.return?.()

    expect(isReleased).toBe(true)
  })
})
