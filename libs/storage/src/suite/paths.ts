import { describe, expect, it } from 'vitest'
import { streamOf } from '@berth/bytes'
import type { StorageDriver } from '../contract/storage-driver.ts'
import { arrayOf, at, bytes, type OpenDriver, textAt, useDriver } from './subject.ts'

const valid = [
  '/a',
  '/2',
  '/aa',
  '/a.a',
  '/0-9/abcdefg',
  '/abcdefg/z.75',
  '/abc/1.2.3.4.5-6_zyx/123.z/4',
  '/docker/docker-registry',
  '/123.abc',
  '/abc./abc',
  '/.abc',
  '/a--b',
  '/a-.b',
  '/_.abc',
  '/Docker/docker-registry',
  '/Abc/Cba',
  '/a/...',
]

const invalid = [
  '',
  'abc',
  '123.abc',
  '//bcd',
  '/abc_123/',
  '/a//b',
  '/.',
  '/..',
  '/../a',
  '/a/../b',
  '/a/./b',
  '/a/..',
  '/a b',
  '/a\0b',
  '/a\n',
  '/ä',
  '/a%2fb',
  String.raw`/a\b`,
]

const calls: readonly (readonly [string, (driver: StorageDriver, path: string) => Promise<unknown>])[] = [
  ['put', (driver, path) => driver.put(at(path), bytes('x'))],
  ['create', (driver, path) => driver.create(at(path), bytes('x'))],
  ['swap', (driver, path) => driver.swap(at(path), undefined, bytes('x'))],
  ['readVersioned', (driver, path) => driver.readVersioned(at(path))],
  ['read', (driver, path) => driver.read(at(path))],
  ['delete', (driver, path) => driver.delete(at(path))],
  ['append', (driver, path) => driver.append(at(path), [], streamOf(bytes('x')))],
  ['complete', (driver, path) => driver.complete(at('/area'), [], at(path))],
  ['abort', (driver, path) => driver.abort(at(path))],
]

const callsThatTakeTheRoot: typeof calls = [
  ['stat', (driver, path) => driver.stat(at(path))],
  ['list', (driver, path) => arrayOf(driver.list(at(path)))],
]

export function describePaths(open: OpenDriver): void {
  describe('paths', () => {
    const driver = useDriver(open)

    it.each(valid)('keeps content at %s', async (path) => {
      await driver().put(at(path), bytes(path))
      expect(await textAt(driver(), path)).toBe(path)
    })

    describe.each([...calls, ...callsThatTakeTheRoot])('%s', (_name, call) => {
      it.each(invalid)('refuses the path %j', async (path) => {
        await expect(call(driver(), path)).rejects.toMatchObject({
          code: 'INVALID_PATH',
          path,
          driver: driver().name,
        })
      })
    })

    it.each(calls)('%s refuses the root', async (_name, call) => {
      await expect(call(driver(), '/')).rejects.toMatchObject({ code: 'INVALID_PATH' })
    })

    it('refuses the name of a part that would leave its area', async () => {
      await driver().put(at('/secret'), bytes('secret'))
      await driver().put(at('/area/startedat'), bytes(''))
      const parts = [{ name: '../secret', size: 6 }]
      const content = driver().readParts(at('/area'), parts)
      await expect(arrayOf(content)).rejects.toMatchObject({ code: 'INVALID_PATH' })
      await expect(driver().complete(at('/area'), parts, at('/stolen'))).rejects.toMatchObject({ code: 'INVALID_PATH' })
      await expect(driver().discard(at('/area'), parts)).rejects.toMatchObject({ code: 'INVALID_PATH' })
      expect(await textAt(driver(), '/secret')).toBe('secret')
    })

    it('refuses the name of a version that would leave its record', async () => {
      await driver().put(at('/a/b'), bytes('x'))
      await driver().swap(at('/r/checkpoint'), undefined, bytes('1'))
      const forged = driver().swap(at('/r/checkpoint'), '/../../../a/b', bytes('2'))
      await expect(forged).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      expect(await textAt(driver(), '/a/b')).toBe('x')
    })
  })
}
