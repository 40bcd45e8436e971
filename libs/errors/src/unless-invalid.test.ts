import { describe, expect, it } from 'vitest'
import { RegistryError } from './registry-error.ts'
import { unlessInvalid } from './unless-invalid.ts'

const throwing = (error: Error) => (): never => {
  throw error
}

describe('unlessInvalid', () => {
  it('is what the value is parsed to', () => {
    expect(unlessInvalid(Number, '12')).toBe(12)
  })

  it('is nothing where the value is refused', () => {
    expect(unlessInvalid(throwing(new RegistryError('TAG_INVALID', { tag: '-', reason: '' })), '-')).toBeUndefined()
  })

  it('does not take a bug for a value that is refused', () => {
    expect(() => unlessInvalid(throwing(new TypeError('broken')), '-')).toThrow('broken')
  })
})
