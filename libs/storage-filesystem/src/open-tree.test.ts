import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { ByteBudget } from '@berth/bytes'
import { StartError } from '@berth/errors'
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

  it('says by its key who uses the tree', async () => {
    const tree = await open(root)
    expect(String(await problemOf(root))).toContain(`storage.filesystem.rootdirectory: ${root} is in use by test`)
    await tree.close()
  })
})
