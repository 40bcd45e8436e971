import { digestOf } from '@berth/digest'
import { parseRepositoryName, parseTag, type Tag } from '@berth/reference'
import type { StoragePath } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it } from 'vitest'
import type { Page } from '../listings.ts'
import { CatalogIndex } from './catalog-index.ts'
import { TagRecords } from './tag-records.ts'

const repository = parseRepositoryName('team/app')
const held = digestOf('held')
const maxListed = 3

/** Counts how often directories are listed. */
class CountingDriver extends MemoryDriver {
  listings = 0

  override list(path: StoragePath): ReturnType<MemoryDriver['list']> {
    this.listings += 1
    return super.list(path)
  }
}

async function taggedWith(names: readonly string[]): Promise<{ storage: CountingDriver; tags: TagRecords }> {
  const storage = new CountingDriver()
  const tags = new TagRecords({ storage, isExclusive: true, maxListed })
  for (const name of names) await tags.move(repository, parseTag(name), held)
  return { storage, tags }
}

async function allPages<T extends string>(
  list: (last?: string) => Promise<Page<T> | undefined>,
): Promise<readonly T[]> {
  const all: T[] = []
  for (let last: string | undefined; ;) {
    const page = await list(last)
    all.push(...(page?.entries ?? []))
    last = page?.entries.at(-1)
    if (page?.hasMore !== true) return all
  }
}

describe('a list of tags that is longer than what is held at once', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const listed = (tags: TagRecords): Promise<readonly Tag[]> =>
    allPages((last) => tags.list(repository, { limit: 2, ...(last !== undefined && { last }) }))

  it('is given in pages, all of it, before and after it changes', async () => {
    const { tags } = await taggedWith(names)
    expect(await listed(tags)).toEqual(names)
    await tags.remove(repository, parseTag('c'))
    await tags.move(repository, parseTag('aa'), held)
    expect(await listed(tags)).toEqual(['a', 'aa', 'b', 'd', 'e'])
  })

  it('is read once for each page, and one that is short is read once', async () => {
    const long = await taggedWith(names)
    await long.tags.list(repository, { limit: 2 })
    const before = long.storage.listings
    await long.tags.list(repository, { limit: 2 })
    expect(long.storage.listings - before).toBe(1)

    const short = await taggedWith(names.slice(0, maxListed))
    await short.tags.list(repository, { limit: 2 })
    const known = short.storage.listings
    await short.tags.list(repository, { limit: 2 })
    expect(short.storage.listings).toBe(known)
  })

  it('is looked through whole for the tags that hold a digest', async () => {
    const { tags } = await taggedWith(names)
    await tags.move(repository, parseTag('d'), digestOf('another'))
    await tags.removeHolders(repository, held, async () => true)
    expect(await listed(tags)).toEqual(['d'])
    await tags.removeHolders(parseRepositoryName('absent'), held, async () => true)
  })
})

describe('a catalog that is longer than what is held at once', () => {
  it('is given in pages, all of it, before and after it grows', async () => {
    const catalog = new CatalogIndex({ storage: new MemoryDriver(), isExclusive: true, maxListed })
    const add = async (names: readonly string[]): Promise<void> => {
      for (const name of names) await catalog.add(parseRepositoryName(name))
    }
    const listed = (): Promise<readonly string[]> =>
      allPages((last) => catalog.list({ limit: 2, ...(last !== undefined && { last }) }))
    await add(['a', 'b', 'c'])
    expect(await listed()).toEqual(['a', 'b', 'c'])
    await add(['d/e', 'f'])
    expect(await listed()).toEqual(['a', 'b', 'c', 'd/e', 'f'])
    await add(['ab'])
    expect(await listed()).toEqual(['a', 'ab', 'b', 'c', 'd/e', 'f'])
  })
})
