import { describe, expect, it } from 'vitest'
import { arrayOf, at, bytes, entriesOf, type OpenDriver, useDriver } from './subject.ts'

export function describeListing(open: OpenDriver): void {
  describe('listing', () => {
    const driver = useDriver(open)

    it('lists the direct children of a directory, and nothing else', async () => {
      const paths = [
        '/parent/file',
        '/parent/dir/one',
        '/parent/dir/deep/two',
        '/parent-suffix/x',
        '/other',
        '/paren/x',
      ]
      await Promise.all(paths.map((path) => driver().put(at(path), bytes('x'))))
      expect(await entriesOf(driver(), '/parent')).toEqual([
        { name: 'dir', isDirectory: true },
        { name: 'file', isDirectory: false },
      ])
      expect(await entriesOf(driver(), '/parent/dir')).toEqual([
        { name: 'deep', isDirectory: true },
        { name: 'one', isDirectory: false },
      ])
    })

    it('lists the root of a store with nothing in it', async () => {
      const entries = await entriesOf(driver(), '/')
      expect(entries.filter(({ name }) => name !== 'berth')).toEqual([])
    })

    it('lists the root', async () => {
      await driver().put(at('/dir/file'), bytes('x'))
      await driver().put(at('/file'), bytes('x'))
      const entries = await entriesOf(driver(), '/')
      expect(entries.filter(({ name }) => name !== 'berth')).toEqual([
        { name: 'dir', isDirectory: true },
        { name: 'file', isDirectory: false },
      ])
    })

    it.each(['/nothing', '/dir/nothing', '/di', '/dir/fil'])('finds no directory %s', async (path) => {
      await driver().put(at('/dir/file'), bytes('x'))
      await expect(arrayOf(driver().list(at(path)))).rejects.toMatchObject({
        code: 'PATH_NOT_FOUND',
        path,
        driver: driver().name,
      })
    })

    it('lists more than a page of an object store, each child once', async () => {
      const names = Array.from({ length: 1_200 }, (_, index) => `n${index}`)
      for (let start = 0; start < names.length; start += 64) {
        const some = names.slice(start, start + 64)
        await Promise.all(some.map((name) => driver().put(at(`/many/${name}`), bytes(''), { durable: false })))
      }
      const entries = await entriesOf(driver(), '/many')
      expect(entries.map(({ name }) => name)).toEqual(names.toSorted())
    })

    it('lists all that comes after a name', async () => {
      const names = ['a', 'b-x', 'b', 'b.x', 'bb', 'c']
      await Promise.all(names.map((name) => driver().put(at(`/dir/${name}/file`), bytes('x'))))
      const entries = await arrayOf(driver().list(at('/dir'), { after: 'b' }))
      const after = entries.map(({ name }) => name).filter((name) => name > 'b')
      expect(after.toSorted()).toEqual(['b-x', 'b.x', 'bb', 'c'])
    })

    it('knows of a directory in which nothing comes after a name', async () => {
      await driver().put(at('/dir/a'), bytes('x'))
      const names = (await arrayOf(driver().list(at('/dir'), { after: 'b' }))).map(({ name }) => name)
      expect(names.filter((name) => name > 'b')).toEqual([])
      await expect(arrayOf(driver().list(at('/nothing'), { after: 'b' }))).rejects.toMatchObject({
        code: 'PATH_NOT_FOUND',
      })
    })

    it.each(['é', 'x'.repeat(5000), '\u{1f433}', '\0'])(
      'lists what comes after %j, which is no name',
      async (after) => {
        await driver().put(at('/dir/zz'), bytes('x'))
        const names = (await arrayOf(driver().list(at('/dir'), { after }))).map(({ name }) => name)
        expect(names.filter((name) => name > after)).toEqual('zz' > after ? ['zz'] : [])
      },
    )

    it('lists no further than it is read', async () => {
      await Promise.all(['a', 'b', 'c'].map((name) => driver().put(at(`/dir/${name}`), bytes('x'))))
      for await (const { name } of driver().list(at('/dir'))) {
        expect(['a', 'b', 'c']).toContain(name)
        break
      }
      expect(await entriesOf(driver(), '/dir')).toHaveLength(3)
    })

    it('shows no unfinished write', async () => {
      await driver().put(at('/dir/before'), bytes('x'))
      const gate = Promise.withResolvers<void>()
      const put = driver().put(
        at('/dir/file'),
        (async function* () {
          yield bytes('x')
          await gate.promise
        })(),
      )
      expect(await entriesOf(driver(), '/dir')).toEqual([{ name: 'before', isDirectory: false }])
      gate.resolve()
      await put
      expect(await entriesOf(driver(), '/dir')).toHaveLength(2)
    })
  })
}
