import { parseRepositoryName } from '@berth/reference'
import { describe, expect, it } from 'vitest'
import { digestOfUpload, indexDocument, repository, upload } from './build-manifests.ts'
import { type OpenServices, type ServicesUnderTest, withServices } from './services-under-test.ts'

const emptyIndex = upload(indexDocument([]))

async function pushTo({ manifests }: ServicesUnderTest, ...names: readonly string[]): Promise<void> {
  for (const name of names) await manifests.put(parseRepositoryName(name), emptyIndex)
}

/** What every implementation of `Catalog` must do. */
export function describeCatalog(name: string, open: OpenServices): void {
  describe(`catalog, ${name}`, () => {
    it('is empty before the first push', () =>
      withServices(open, async ({ catalog }) => {
        expect(await catalog.list({})).toEqual({ entries: [], hasMore: false })
        expect(await catalog.list({ limit: 3, last: 'a' })).toEqual({ entries: [], hasMore: false })
      }))

    it('gives the repositories in byte order of their whole names', () =>
      withServices(open, async (services) => {
        const inOrder = ['Foo/a', 'a', 'a-1', 'a.b', 'a/0/x', 'a/1', 'a/b', 'a0', 'a_b', 'ab', 'b', 'complete']
        await pushTo(services, ...inOrder.toReversed())
        expect((await services.catalog.list({})).entries).toEqual(inOrder)
      }))

    it('gives pages, and says exactly whether there is more', () =>
      withServices(open, async (services) => {
        const inOrder = ['bar/c', 'bar/d', 'bar/e', 'foo-bar/a', 'foo-bar/b', 'foo/a', 'foo/b', 'foo/d/in', 'test']
        await pushTo(services, ...inOrder)
        const { catalog } = services
        expect(await catalog.list({ limit: 3 })).toEqual({ entries: inOrder.slice(0, 3), hasMore: true })
        expect(await catalog.list({ limit: 3, last: 'bar/e' })).toEqual({ entries: inOrder.slice(3, 6), hasMore: true })
        expect(await catalog.list({ limit: 3, last: 'foo/a' })).toEqual({ entries: inOrder.slice(6), hasMore: false })
        expect(await catalog.list({ limit: 3, last: 'test' })).toEqual({ entries: [], hasMore: false })
        expect(await catalog.list({ limit: 1, last: 'foo-bar' })).toEqual({ entries: ['foo-bar/a'], hasMore: true })
        expect(await catalog.list({ limit: 0 })).toEqual({ entries: [], hasMore: true })
      }))

    it('has the longest names that there are', () =>
      withServices(open, async (services) => {
        const names = [Array.from({ length: 128 }, () => 'a').join('/'), 'b'.repeat(255)]
        await pushTo(services, ...names)
        expect((await services.catalog.list({})).entries).toEqual(names)
      }))

    it('follows pushes', () =>
      withServices(open, async (services) => {
        for (const [index, each] of ['m', 'z', 'a'].entries()) {
          await pushTo(services, each, each)
          expect((await services.catalog.list({})).entries).toHaveLength(index + 1)
        }
        expect((await services.catalog.list({})).entries).toEqual(['a', 'm', 'z'])
      }))

    it('keeps a repository whose last manifest was deleted', () =>
      withServices(open, async (services) => {
        await pushTo(services, repository)
        await services.manifests.delete(repository, digestOfUpload(emptyIndex))
        expect((await services.catalog.list({})).entries).toEqual([repository])
      }))
  })
}
