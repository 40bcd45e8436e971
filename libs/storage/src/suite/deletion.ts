import { describe, expect, it } from 'vitest'
import { collect } from '@berth/bytes'
import { arrayOf, at, bytes, entriesOf, outcomesOf, type OpenDriver, patterned, textAt, useDriver } from './subject.ts'

export function describeDeletion(open: OpenDriver): void {
  describe('deletion', () => {
    const driver = useDriver(open)

    it('removes content, and nothing beside it', async () => {
      await driver().put(at('/dir/a'), bytes('x'))
      await driver().put(at('/dir/ab'), bytes('kept'))
      await driver().delete(at('/dir/a'))
      await expect(driver().read(at('/dir/a'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await textAt(driver(), '/dir/ab')).toBe('kept')
    })

    it('removes all below a directory, and nothing beside it', async () => {
      const inside = ['/a/file', '/a/sub/file', '/a/sub/deep/file']
      await Promise.all([...inside, '/ab/file'].map((path) => driver().put(at(path), bytes('x'))))
      await driver().delete(at('/a'))
      for (const path of [...inside, '/a', '/a/sub']) {
        await expect(driver().stat(at(path))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      }
      await expect(arrayOf(driver().list(at('/a')))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await entriesOf(driver(), '/ab')).toEqual([{ name: 'file', isDirectory: false }])
    })

    it.each(['/nothing', '/dir/nothing', '/di'])('finds nothing to remove at %s', async (path) => {
      await driver().put(at('/dir/file'), bytes('x'))
      await expect(driver().delete(at(path))).rejects.toMatchObject({
        code: 'PATH_NOT_FOUND',
        path,
        driver: driver().name,
      })
      expect(await textAt(driver(), '/dir/file')).toBe('x')
    })

    it('takes content again where some was removed', async () => {
      await driver().put(at('/dir/sub/file'), bytes('before'))
      await driver().delete(at('/dir'))
      await driver().put(at('/dir/sub/file'), bytes('after'))
      expect(await textAt(driver(), '/dir/sub/file')).toBe('after')
    })

    it('lets who is reading read on', async () => {
      const before = patterned(2 * 1024 * 1024)
      await driver().put(at('/file'), before)
      const { content } = await driver().read(at('/file'))
      await driver().delete(at('/file'))
      expect(before.equals(await collect(content, Infinity))).toBe(true)
    })

    it('removes what several remove at once, and tells at least one of them so', async () => {
      await driver().put(at('/file'), bytes('x'))
      const { succeeded, errors } = await outcomesOf(Array.from({ length: 8 }, () => driver().delete(at('/file'))))
      expect(succeeded).toBeGreaterThan(0)
      for (const error of errors) expect(error).toMatchObject({ code: 'PATH_NOT_FOUND' })
      await expect(driver().stat(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })
  })
}
