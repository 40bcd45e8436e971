import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyedDigest } from './keyed-digest.ts'

describe('a keyed digest', () => {
  it('is HMAC-SHA-256', () => {
    const keys = fc.uint8Array({ maxLength: 64 })
    fc.assert(
      fc.property(keys, fc.string({ unit: 'grapheme', maxLength: 200 }), (key, text) => {
        expect(new KeyedDigest(key).of(text)).toBe(createHmac('sha256', key).update(text).digest('base64'))
      }),
    )
  })

  it('is another in each process', () => {
    expect(new KeyedDigest().of('secret')).not.toBe(new KeyedDigest().of('secret'))
  })
})
