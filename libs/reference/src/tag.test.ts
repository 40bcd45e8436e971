import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTag } from './tag.ts'

describe('a tag', () => {
  it.each(['latest', '1', '_', '_.-', 'v1.0-rc.1', 'UPPER', 'sha256-abc', 'a'.repeat(128)])('may be %s', (text) => {
    expect(parseTag(text)).toBe(text)
  })

  it.each(['', '.a', '-a', 'a b', 'a/b', 'a:b', 'a@b', 'a+b', 'notatag!', 'ä', 'a\n', 'a'.repeat(129)])(
    'cannot be "%s"',
    (text) => {
      const fault = { code: 'TAG_INVALID', detail: { tag: text, reason: 'invalid tag format' } }

      expect(() => parseTag(text)).toThrow(expect.objectContaining(fault))
    },
  )

  it('is itself, or refused as one, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parsedOrFault(text)).toSatisfy((is) => is === text || is instanceof RegistryError)
      }),
    )
  })
})

function parsedOrFault(text: string): unknown {
  try {
    return parseTag(text)
  } catch (error) {
    return error
  }
}
