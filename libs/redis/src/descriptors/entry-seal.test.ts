import { digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { describe, expect, it } from 'vitest'
import { EntrySeal } from './entry-seal.ts'

const digest = digestOf('a blob')
const about = { kind: 'blob', repository: parseRepositoryName('library/here'), digest } as const
const blob = { descriptor: { mediaType: 'application/octet-stream', digest, size: 6 }, target: digest }
const now = Date.UTC(2026, 0, 1)

const sealOf = (signing: string, verifying: readonly string[] = [], nowMs = now): EntrySeal =>
  new EntrySeal({ signing, verifying }, () => nowMs)

describe('EntrySeal', () => {
  it('opens what the same key has sealed', () => {
    expect(sealOf('key').open(about, sealOf('key').seal(about, blob))).toEqual(blob)
  })

  it('opens what an old key has sealed that still verifies, and what the next one will', () => {
    expect(sealOf('new', ['old']).open(about, sealOf('old').seal(about, blob))).toEqual(blob)
    expect(sealOf('old', ['new']).open(about, sealOf('new').seal(about, blob))).toEqual(blob)
  })

  it.each([
    ['another key', sealOf('other').seal(about, blob)],
    ['a key that is not on the ring any more', sealOf('older').seal(about, blob)],
    [
      'the same key for another repository',
      sealOf('key').seal({ ...about, repository: parseRepositoryName('x') }, blob),
    ],
    ['the same key for another digest', sealOf('key').seal({ ...about, digest: digestOf('another') }, blob)],
    ['the same key for another kind', sealOf('key').seal({ ...about, kind: 'manifest' }, blob)],
    ['the same key more than an hour ago', sealOf('key', [], now - 3_600_001).seal(about, blob)],
    ['the same key in the future', sealOf('key', [], now + 300_001).seal(about, blob)],
    ['nothing', ''],
    ['nothing, though it has the length of a MAC', 'A'.repeat(43)],
  ])('does not open what was sealed by %s', (_, entry) => {
    expect(sealOf('key', ['old']).open(about, entry)).toBeUndefined()
  })

  it('does not open an entry of which a letter was changed', () => {
    const entry = sealOf('key').seal(about, blob)
    for (let index = 0; index < entry.length; index += 1) {
      const changed = entry.slice(0, index) + (entry[index] === 'x' ? 'y' : 'x') + entry.slice(index + 1)
      expect(sealOf('key').open(about, changed)).toBeUndefined()
    }
  })

  it('opens no entry whose content storage would not believe: another digest of the same algorithm', () => {
    const entry = sealOf('key').seal(about, { ...blob, target: digestOf('another') })
    expect(sealOf('key').open(about, entry)).toBeUndefined()
  })

  it('opens an alias of another algorithm', () => {
    const alias = { ...blob, target: digestOf('a blob', 'sha512') }
    expect(sealOf('key').open(about, sealOf('key').seal(about, alias))).toEqual(alias)
  })
})
