import { describe, expect, it } from 'vitest'
import type { Version } from '../contract/record-store.ts'
import type { StorageDriver } from '../contract/storage-driver.ts'
import type { StorageError } from '../storage-error.ts'
import { at, bytes, outcomesOf, type OpenDriver, textAt, useDriver } from './subject.ts'

const record = at('/uploads/one/checkpoint')
const eight = [0, 1, 2, 3, 4, 5, 6, 7]

export function describeConditionalWrites(open: OpenDriver): void {
  describe('create', () => {
    const driver = useDriver(open)

    it('stores content where nothing is', async () => {
      expect(await driver().create(at('/dir/file'), bytes('x'))).toBe(true)
      expect(await textAt(driver(), '/dir/file')).toBe('x')
    })

    it('leaves what is there', async () => {
      await driver().put(at('/dir/file'), bytes('before'))
      expect(await driver().create(at('/dir/file'), bytes('after'))).toBe(false)
      expect(await textAt(driver(), '/dir/file')).toBe('before')
    })

    it('tells exactly one of eight at once that it was first', async () => {
      const results = await Promise.all(eight.map((each) => driver().create(at('/dir/file'), bytes(`${each}`))))
      expect(results.filter(Boolean)).toHaveLength(1)
      expect(await textAt(driver(), '/dir/file')).toBe(`${results.indexOf(true)}`)
    })

    it('stores content again where some was removed', async () => {
      await driver().create(at('/dir/file'), bytes('before'))
      await driver().delete(at('/dir/file'))
      expect(await driver().create(at('/dir/file'), bytes('after'))).toBe(true)
      expect(await textAt(driver(), '/dir/file')).toBe('after')
    })

    it('stores nothing', async () => {
      expect(await driver().create(at('/dir/file'), bytes(''))).toBe(true)
      expect(await driver().create(at('/dir/file'), bytes('x'))).toBe(false)
      expect(await textAt(driver(), '/dir/file')).toBe('')
    })
  })

  describe('swap', () => {
    const driver = useDriver(open)

    it.each([true, false])('makes a record and its directory with durable: %s', async (durable) => {
      const version = await driver().swap(record, undefined, bytes('one'), { durable })
      expect(await contentOf(driver())).toEqual({ version, text: 'one' })
    })

    it.each([true, false])('replaces the version that it was told with durable: %s', async (durable) => {
      const one = await driver().swap(record, undefined, bytes('one'))
      const two = await driver().swap(record, one, bytes('two'), { durable })
      expect(two).not.toBe(one)
      expect(await contentOf(driver())).toEqual({ version: two, text: 'two' })
    })

    it('lets content come beside a record, and both change', async () => {
      const one = await driver().swap(record, undefined, bytes('one'))
      await driver().put(at('/uploads/one/startedat'), bytes('now'))
      const two = await driver().swap(record, one, bytes('two'))
      await driver().put(at('/uploads/one/startedat'), bytes('later'))
      expect(await contentOf(driver())).toEqual({ version: two, text: 'two' })
      expect(await textAt(driver(), '/uploads/one/startedat')).toBe('later')
    })

    it('makes a record again where an area was aborted, of another version', async () => {
      const before = await driver().swap(record, undefined, bytes('same'))
      await driver().abort(at('/uploads/one'))
      const after = await driver().swap(record, undefined, bytes('same'))
      await expect(driver().swap(record, before, bytes('late'))).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      expect(await contentOf(driver())).toEqual({ version: after, text: 'same' })
    })

    it('keeps a record of nothing', async () => {
      const version = await driver().swap(record, undefined, bytes(''))
      expect(await contentOf(driver())).toEqual({ version, text: '' })
    })

    it('keeps a record of 100 KB', async () => {
      await driver().swap(record, undefined, bytes('x'.repeat(100_000)))
      expect((await contentOf(driver())).text).toHaveLength(100_000)
    })

    it('makes no record where there is one', async () => {
      await driver().swap(record, undefined, bytes('one'))
      const again = driver().swap(record, undefined, bytes('two'))
      await expect(again).rejects.toMatchObject({ code: 'VERSION_MISMATCH', path: record, driver: driver().name })
      expect((await contentOf(driver())).text).toBe('one')
    })

    it('makes no record where one is that was swapped since', async () => {
      const one = await driver().swap(record, undefined, bytes('one'))
      await driver().swap(record, one, bytes('two'))
      await expect(driver().swap(record, undefined, bytes('three'))).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      expect((await contentOf(driver())).text).toBe('two')
    })

    it('refuses a version that was replaced, even by the same content', async () => {
      const one = await driver().swap(record, undefined, bytes('same'))
      const two = await driver().swap(record, one, bytes('same'))
      await expect(driver().swap(record, one, bytes('late'))).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      expect(await contentOf(driver())).toEqual({ version: two, text: 'same' })
    })

    it('lets exactly one of eight at once replace a version', async () => {
      const from = await driver().swap(record, undefined, bytes('from'))
      const { winner, others } = await race(from)
      expect(others).toEqual(Array.from({ length: 7 }, () => 'VERSION_MISMATCH'))
      expect(await contentOf(driver())).toEqual(winner)
    })

    it('lets exactly one of eight at once make a record', async () => {
      const { winner, others } = await race(undefined)
      expect(others).toEqual(Array.from({ length: 7 }, () => 'VERSION_MISMATCH'))
      expect(await contentOf(driver())).toEqual(winner)
    })

    it('lets exactly one of eight at once make a record below directories of which none is there', async () => {
      for (let round = 1; round <= 5; round += 1) {
        const path = at(`/repositories/${round}/uploads/one/checkpoint`)
        const { succeeded, errors } = await outcomesOf(eight.map(() => driver().swap(path, undefined, bytes('x'))))
        expect(succeeded).toBe(1)
        for (const error of errors) expect(error).toMatchObject({ code: 'VERSION_MISMATCH' })
      }
    })

    it('finds a record at all times that is swapped beside hundreds of parts', async () => {
      let version = await driver().swap(record, undefined, bytes('0'))
      const puts = Array.from({ length: 700 }, (_, index) =>
        driver().put(at(`/uploads/one/part.${index}.${'x'.repeat(100)}`), bytes(''), { durable: false }),
      )
      await Promise.all(puts)
      let isOver = false
      const reading = (async () => {
        while (!isOver) await driver().readVersioned(record)
      })()
      for (let round = 1; round <= 100; round += 1)
        version = await driver().swap(record, version, bytes(`${round}`), { durable: false })
      isOver = true
      await reading
      expect((await contentOf(driver())).text).toBe('100')
    })

    it('lets exactly one of eight at once win, round after round, while others read', async () => {
      let version = await driver().swap(record, undefined, bytes('0'))
      for (let round = 1; round <= 10; round += 1) {
        const swaps = eight.map(() => driver().swap(record, version, bytes(`${round}`)))
        const reads = eight.map(() => driver().readVersioned(record))
        const [{ succeeded }, seen] = await Promise.all([outcomesOf(swaps), Promise.all(reads)])
        expect(succeeded).toBe(1)
        for (const { content } of seen) expect([`${round - 1}`, `${round}`]).toContain(textOf(content))
        version = (await driver().readVersioned(record)).version
      }
    })

    it('fails over a version, for each of eight, below an area that was aborted', async () => {
      const from = await driver().swap(record, undefined, bytes('from'))
      await driver().abort(at('/uploads/one'))
      const { succeeded, errors } = await outcomesOf(eight.map(() => driver().swap(record, from, bytes('late'))))
      expect(succeeded).toBe(0)
      for (const error of errors) expect(error).toMatchObject({ code: 'VERSION_MISMATCH' })
      await expect(driver().readVersioned(record)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it('makes no directory over a version', async () => {
      const swap = driver().swap(record, '0123456789abcdef', bytes('x'))
      await expect(swap).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      await expect(driver().stat(at('/uploads'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it('keeps the records of two directories apart', async () => {
      const other = at('/uploads/other/checkpoint')
      const one = await driver().swap(record, undefined, bytes('one'))
      const two = await driver().swap(other, undefined, bytes('two'))
      await expect(driver().swap(record, two, bytes('x'))).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      expect(await contentOf(driver())).toEqual({ version: one, text: 'one' })
    })

    it('stores nothing when the signal was aborted before', async () => {
      const reason = new Error('gone')
      const swap = driver().swap(record, undefined, bytes('x'), { signal: AbortSignal.abort(reason) })
      await expect(swap).rejects.toBe(reason)
      await expect(driver().readVersioned(record)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    /** Eight swaps from one version at once: what one that won stored, and the codes of the errors of the others. */
    async function race(from: Version | undefined) {
      let winner: { version: Version; text: string } | undefined
      const swaps = eight.map(async (each) => {
        const version = await driver().swap(record, from, bytes(`${each}`))
        winner = { version, text: `${each}` }
      })
      const { errors } = await outcomesOf(swaps)
      return { winner, others: errors.map((error) => (error as StorageError).code) }
    }
  })
}

async function contentOf(driver: StorageDriver): Promise<{ version: Version; text: string }> {
  const { version, content } = await driver.readVersioned(record)
  return { version, text: textOf(content) }
}

function textOf(content: Uint8Array): string {
  return Buffer.from(content).toString()
}
