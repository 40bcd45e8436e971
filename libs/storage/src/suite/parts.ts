import { describe, expect, it } from 'vitest'
import { streamOf } from '@berth/bytes'
import type { Part } from '../contract/part-store.ts'
import type { Version } from '../contract/record-store.ts'
import type { StorageError } from '../storage-error.ts'
import {
  at,
  bytes,
  contentAt,
  entriesOf,
  failingStream,
  gatedStream,
  type OpenDriver,
  outcomesOf,
  patterned,
  textAt,
  textOfParts,
  useDriver,
} from './subject.ts'

const mebibyte = 1024 * 1024
const area = '/uploads/one'
const target = '/blobs/one/data'
const unseen = ['VERSION_MISMATCH', 'PATH_NOT_FOUND']
const refused = ['PATH_NOT_FOUND', ...unseen]

export function describeParts(open: OpenDriver): void {
  describe('parts', () => {
    const driver = useDriver(open)
    const makeArea = () => driver().swap(at(`${area}/checkpoint`), undefined, bytes('{}'))
    const append = (parts: readonly Part[], text: string) =>
      driver().append(at(area), parts, streamOf(...(text === '' ? [] : [bytes(text)])))
    const complete = (parts: readonly Part[]) => driver().complete(at(area), parts, at(target))
    const sizeOf = (parts: readonly Part[]) => parts.reduce((sum, { size }) => sum + size, 0)

    it('appends a stream', async () => {
      await makeArea()
      const parts = await append([], 'abc')
      expect(sizeOf(parts)).toBe(3)
      expect(await textOfParts(driver(), area, parts)).toBe('abc')
    })

    it('appends after parts, and touches none of them', async () => {
      await makeArea()
      const one = await append([], 'abc')
      const two = await append(one, 'def')
      const three = await append(two, 'ghi')
      expect([sizeOf(one), sizeOf(two), sizeOf(three)]).toEqual([3, 6, 9])
      expect(await textOfParts(driver(), area, one)).toBe('abc')
      expect(await textOfParts(driver(), area, two)).toBe('abcdef')
      expect(await textOfParts(driver(), area, three)).toBe('abcdefghi')
    })

    it('appends nothing', async () => {
      await makeArea()
      const one = await append([], 'abc')
      const two = await append(one, '')
      expect(sizeOf(two)).toBe(3)
      expect(await textOfParts(driver(), area, two)).toBe('abc')
    })

    it('describes parts by plain values', async () => {
      await makeArea()
      const parts = await append(await append([], 'abc'), 'def')
      expect(structuredClone(parts)).toEqual(parts)
      expect(await textOfParts(driver(), area, JSON.parse(JSON.stringify(parts)) as Part[])).toBe('abcdef')
    })

    it('lets two appends to one state succeed, without a byte in common', async () => {
      await makeArea()
      const one = await append([], 'abc')
      const [left, right] = await Promise.all([append(one, 'LEFT'), append(one, 'right')])
      expect(await textOfParts(driver(), area, left)).toBe('abcLEFT')
      expect(await textOfParts(driver(), area, right)).toBe('abcright')
    })

    it('leaves the parts as they were when a stream throws, and throws its error on', async () => {
      await makeArea()
      const one = await append([], 'abc')
      const before = await entriesOf(driver(), area)
      const error = new Error('cut off')
      const cutOff = driver().append(at(area), one, failingStream(error, patterned(2 * mebibyte)))
      await expect(cutOff).rejects.toBe(error)
      expect(await textOfParts(driver(), area, one)).toBe('abc')
      expect(await entriesOf(driver(), area)).toEqual(before)
    })

    it('stops waiting for a stream when the signal is aborted', async () => {
      await makeArea()
      const reason = new Error('gone')
      const controller = new AbortController()
      const gate = Promise.withResolvers<void>()
      const stream = gatedStream(gate.promise, bytes('x'))
      const appending = driver().append(at(area), [], stream, { signal: controller.signal })
      controller.abort(reason)
      await expect(appending).rejects.toBe(reason)
      gate.resolve()
    })

    it.each([
      ['nothing', []],
      ['one part', ['abc']],
      ['two parts', ['abc', 'def']],
      ['five parts, one of them empty', ['a', 'bc', '', 'def', 'g']],
    ])('completes %s', async (_name, texts) => {
      await makeArea()
      let parts: readonly Part[] = []
      for (const text of texts) parts = await append(parts, text)
      await complete(parts)
      expect(await textAt(driver(), target)).toBe(texts.join(''))
    })

    it('completes large parts', async () => {
      await makeArea()
      const contents = [patterned(6 * mebibyte, 1), patterned(3 * mebibyte + 1, 2), patterned(7, 3)]
      let parts: readonly Part[] = []
      for (const content of contents) parts = await driver().append(at(area), parts, streamOf(content))
      await complete(parts)
      expect(Buffer.concat(contents).equals(await contentAt(driver(), target))).toBe(true)
    })

    it.each([
      ['no part', []],
      ['one part', ['abc']],
      ['two parts', ['abc', 'def']],
    ])('replaces what is there by %s', async (_name, texts) => {
      await driver().put(at(target), bytes('damaged, and longer'))
      await makeArea()
      let parts: readonly Part[] = []
      for (const text of texts) parts = await append(parts, text)
      await complete(parts)
      expect(await textAt(driver(), target)).toBe(texts.join(''))
    })

    it.each([
      ['one part', ['abc']],
      ['two parts', ['abc', 'def']],
    ])('does no harm when %s are completed again', async (_name, texts) => {
      await makeArea()
      let parts: readonly Part[] = []
      for (const text of texts) parts = await append(parts, text)
      await complete(parts)
      const { errors } = await outcomesOf([complete(parts)])
      for (const error of errors) expect(error).toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await textAt(driver(), target)).toBe(texts.join(''))
    })

    it('completes what several complete at once', async () => {
      await makeArea()
      const parts = await append(await append([], 'abc'), 'def')
      const { succeeded, errors } = await outcomesOf([complete(parts), complete(parts), complete(parts)])
      expect(succeeded).toBeGreaterThan(0)
      for (const error of errors) expect(error).toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await textAt(driver(), target)).toBe('abcdef')
    })

    it.each([
      ['the only part', [0]],
      ['a part of several', [0, 1]],
    ])('leaves the target as it was when %s is missing', async (_name, kept) => {
      await driver().put(at(target), bytes('before'))
      await makeArea()
      const parts = await append(await append([], 'abc'), 'def')
      const last = parts.slice(-1)
      await driver().discard(at(area), last)
      const asked = kept.length === 1 ? last : parts
      await expect(complete(asked)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await textAt(driver(), target)).toBe('before')
    })

    it('finds no part to read that is not there', async () => {
      await makeArea()
      const parts = await append([], 'abc')
      await driver().discard(at(area), parts)
      const reading = textOfParts(driver(), area, parts)
      await expect(reading).rejects.toMatchObject({ code: 'PATH_NOT_FOUND', driver: driver().name })
    })

    it('reads no parts as nothing', async () => {
      await makeArea()
      expect(await textOfParts(driver(), area, [])).toBe('')
    })

    it('discards the parts that it is told, and no others', async () => {
      await makeArea()
      const one = await append([], 'abc')
      const two = await append(one, 'def')
      await driver().discard(at(area), two.slice(one.length))
      expect(await textOfParts(driver(), area, one)).toBe('abc')
    })

    it('discards what is not there without an error', async () => {
      const gone = [{ name: 'part.gone', size: 3 }]
      await driver().discard(at(area), gone)
      await makeArea()
      const parts = await append([], 'abc')
      await driver().discard(at(area), gone)
      expect(await textOfParts(driver(), area, parts)).toBe('abc')
    })

    it('aborts an area with all that is in it', async () => {
      await makeArea()
      await driver().put(at(`${area}/startedat`), bytes('now'))
      const parts = await append([], 'abc')
      const { removed } = await driver().abort(at(area))
      await expect(textOfParts(driver(), area, parts)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await expect(driver().stat(at(area))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await expect(driver().readVersioned(at(`${area}/checkpoint`))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await removed
      await expect(driver().stat(at(`${area}/startedat`))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it('aborts an area, and none whose name begins with its name', async () => {
      await makeArea()
      await driver().put(at(`${area}-more/startedat`), bytes('now'))
      await (
        await driver().abort(at(area))
      ).removed
      expect(await textAt(driver(), `${area}-more/startedat`)).toBe('now')
    })

    it('aborts what is not there without an error, and twice', async () => {
      await (
        await driver().abort(at(area))
      ).removed
      await makeArea()
      const aborts = await Promise.all([driver().abort(at(area)), driver().abort(at(area))])
      await Promise.all(aborts.map(({ removed }) => removed))
      await expect(driver().stat(at(area))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it('publishes nothing that is appended after the abort, and discards it', async () => {
      const version = await makeArea()
      await driver().abort(at(area))
      expect([unseen, refused]).toContainEqual(await outcomeOf(append([], 'late'), version))
    })

    it('publishes nothing of an append that was under way at the abort, and discards it', async () => {
      const version = await makeArea()
      const begun = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      const appending = driver().append(
        at(area),
        [],
        (async function* () {
          begun.resolve()
          yield patterned(mebibyte)
          await gate.promise
          yield patterned(mebibyte)
        })(),
      )
      await begun.promise
      await driver().abort(at(area))
      gate.resolve()
      expect([unseen, refused]).toContainEqual(await outcomeOf(appending, version))
    })

    it('aborts an area whose contents it is told', async () => {
      const version = await makeArea()
      await driver().put(at(`${area}/startedat`), bytes('now'))
      const { removed } = await driver().abort(at(area), ['checkpoint', 'startedat'])
      await removed
      await expect(driver().stat(at(area))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await expect(driver().swap(at(`${area}/checkpoint`), version, bytes('x'))).rejects.toMatchObject({
        code: 'VERSION_MISMATCH',
      })
    })

    it('keeps what was completed when the area is aborted', async () => {
      await makeArea()
      await complete(await append([], 'abc'))
      await (
        await driver().abort(at(area))
      ).removed
      expect(await textAt(driver(), target)).toBe('abc')
    })

    /** What becomes of an append to an area that was aborted: a store that looks refuses it, in another no record names it. */
    async function outcomeOf(appending: Promise<readonly Part[]>, version: Version): Promise<readonly unknown[]> {
      const [append] = await Promise.allSettled([appending])
      const [swap] = await Promise.allSettled([driver().swap(at(`${area}/checkpoint`), version, bytes('late'))])
      if (append.status === 'fulfilled') await driver().discard(at(area), append.value)
      const [stat] = await Promise.allSettled([driver().stat(at(area))])
      const refusals = append.status === 'fulfilled' ? [swap, stat] : [append, swap, stat]
      return refusals.map((each) => (each.status === 'rejected' ? (each.reason as StorageError).code : each.value))
    }
  })
}
