import { describe, expect, it } from 'vitest'
import { KeyRing } from './key-ring.ts'

const ring = new KeyRing({ signing: 'old' })

describe('KeyRing', () => {
  it('verifies what any of its keys signed, and nothing else', () => {
    const signed = ring.sign('text')
    const rotated = new KeyRing({ signing: 'new', verifying: ['old'] })
    expect(rotated.verify(ring.signingId, 'text', signed)).toBe(true)
    expect(rotated.verify(ring.signingId, 'other text', signed)).toBe(false)
    expect(rotated.verify(rotated.signingId, 'text', signed)).toBe(false)
    expect(new KeyRing({ signing: 'new' }).verify(ring.signingId, 'text', signed)).toBe(false)
    expect(ring.verify(ring.signingId, 'text', signed.subarray(1))).toBe(false)
    expect(ring.verify(ring.signingId, 'text', new Uint8Array())).toBe(false)
  })

  it('signs with one key, whatever others it verifies by', () => {
    expect(new KeyRing({ signing: 'old', verifying: ['new'] }).sign('text')).toEqual(ring.sign('text'))
  })

  it('takes the same key as text or as bytes', () => {
    const bytes = new KeyRing({ signing: Buffer.from('old') })
    expect(bytes.signingId).toBe(ring.signingId)
    expect(bytes.sign('text')).toEqual(ring.sign('text'))
  })

  it('has an id for each key that does not contain it', () => {
    expect(ring.signingId).toMatch(/^[\w-]{8}$/)
    expect(new KeyRing({ signing: 'new' }).signingId).not.toBe(ring.signingId)
  })

  it.each(['', new Uint8Array()])('refuses a key of no bytes', (signing) => {
    expect(() => new KeyRing({ signing })).toThrow('must not be empty')
    expect(() => new KeyRing({ signing: 'a', verifying: [signing] })).toThrow('must not be empty')
  })
})
