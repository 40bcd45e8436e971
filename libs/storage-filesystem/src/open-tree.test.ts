import { mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { ByteBudget } from '@berth/bytes'
import { StartError } from '@berth/errors'
import type { StoragePath } from '@berth/storage'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory } from './driver-under-test.ts'
import { openTree } from './open-tree.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

describe('openTree', () => {
  let root: string

  beforeEach(async () => {
    root = await makeTemporaryDirectory()
  })

  afterEach(async () => {
    await rm(root, { recursive: true })
  })

  const open = (rootDirectory: string) =>
    openTree({ rootDirectory, owner: 'test', mode: 'exclusive', budget: new ByteBudget(1_000_000), log })

  const problemOf = (rootDirectory: string): Promise<unknown> =>
    open(rootDirectory).then(
      () => undefined,
      (error: unknown) => error,
    )

  it.each([
    ['a file', () => writeFile(`${root}/here`, '')],
    ['a link to nowhere', () => symlink(`${root}/nowhere/deeper`, `${root}/here`)],
  ])('says by its key that the root is %s', async (_, make) => {
    await make()
    const problem = await problemOf(`${root}/here`)
    expect(problem).toBeInstanceOf(StartError)
    expect(String(problem)).toContain(`storage.filesystem.rootdirectory: `)
    expect(String(problem)).toContain(`${root}/here`)
  })

  it.each([
    ['exclusive', ['mine']],
    ['shared', ['mine', 'unfinished']],
  ] as const)('opened %s, leaves of what is unfinished %j', async (mode, left) => {
    const temporary = `${root}/berth/v1/tmp`
    await mkdir(temporary, { recursive: true })
    await writeFile(`${temporary}/unfinished`, 'x')
    const tree = await openTree({ rootDirectory: root, owner: 'test', mode, budget: new ByteBudget(1_000_000), log })
    await writeFile(`${temporary}/mine`, 'x')
    await tree.close()
    expect(await readdir(temporary)).toEqual(left)
  })

  it('is opened by many at once whose processes have the same number, as those of containers have', async () => {
    const options = { owner: 'test', mode: 'shared', budget: new ByteBudget(1_000_000), log } as const
    const trees = await Promise.all(Array.from({ length: 8 }, () => openTree({ ...options, rootDirectory: root })))
    for (const tree of trees) await tree.close()
    expect(await readdir(`${root}/berth/v1/tmp`)).toEqual([])
  })

  it('is read without a lock, and never exclusively, while another process has it', async () => {
    const writer = await open(root)
    await writer.driver.put('/file' as StoragePath, Buffer.from('content'))
    const before = await readdir(`${root}/berth/v1`)
    const options = { rootDirectory: root, owner: 'test', budget: new ByteBudget(1_000_000), log }
    const reader = await openTree({ ...options, mode: 'read-only' })
    expect([writer.isExclusive, reader.isExclusive]).toEqual([true, false])
    expect((await reader.driver.read('/file' as StoragePath)).size).toBe(7)
    expect(await readdir(`${root}/berth/v1`)).toEqual(before)
    await reader.close()
    await writer.close()
  })

  it("closes Berth's own directories to others, as earlier versions did not, and leaves the rest as it is", async () => {
    await mkdir(`${root}/berth/v1/tmp`, { recursive: true, mode: 0o755 })
    await writeFile(`${root}/berth/v1/signing-keys.json`, '{}', { mode: 0o644 })
    const tree = await open(root)
    await tree.driver.put('/berth/v1/catalog/entry' as StoragePath, Buffer.from('x'))
    await tree.driver.create('/berth/v1/catalog/other' as StoragePath, Buffer.from('x'))
    await tree.driver.put('/docker/registry/v2/file' as StoragePath, Buffer.from('x'))
    const modes = Object.fromEntries(
      await Promise.all(
        [
          'berth',
          'berth/v1',
          'berth/v1/tmp',
          'berth/v1/lock',
          'berth/v1/lock.owner',
          'berth/v1/signing-keys.json',
          'berth/v1/catalog',
          'berth/v1/catalog/entry',
          'berth/v1/catalog/other',
          'docker',
          'docker/registry/v2/file',
        ].map(async (path) => [path, ((await stat(`${root}/${path}`)).mode & 0o777).toString(8)] as const),
      ),
    )
    const umask = process.umask()
    expect(modes).toEqual({
      berth: '700',
      'berth/v1': '700',
      'berth/v1/tmp': '700',
      'berth/v1/lock': '600',
      'berth/v1/lock.owner': '600',
      'berth/v1/signing-keys.json': '600',
      'berth/v1/catalog': '700',
      'berth/v1/catalog/entry': '600',
      'berth/v1/catalog/other': '600',
      docker: (0o777 & ~umask).toString(8),
      'docker/registry/v2/file': (0o666 & ~umask).toString(8),
    })
    await tree.close()
  })

  it('says by its key who uses the tree', async () => {
    const tree = await open(root)
    expect(String(await problemOf(root))).toContain(`storage.filesystem.rootdirectory: ${root} is in use by test`)
    await tree.close()
  })
})
