import { describe, expect, it } from 'vitest'
import type { PageRequest } from '../listings.ts'
import {
  codesOf,
  digestOfUpload,
  elsewhere,
  faultsOf,
  imageWithBlobs,
  latest,
  repository,
  tagsNamed,
} from './build-manifests.ts'
import { type OpenServices, type ServicesUnderTest, withServices } from './services-under-test.ts'

/** What every implementation of `Tags` must do. */
export function describeTags(name: string, open: OpenServices): void {
  const withTags = (names: readonly string[], body: (services: ServicesUnderTest) => Promise<void>): Promise<void> =>
    withServices(open, async (services) => {
      const image = await imageWithBlobs(services.blobs, repository, 'a', { tags: tagsNamed(...names) })
      await services.manifests.put(repository, image)
      await body(services)
    })

  describe(`tags, ${name}`, () => {
    describe('list', () => {
      it('gives all tags in byte order', () =>
        withTags(['b', 'a', '_', 'Z', '10', '9', 'a.b', 'a-b', 'a_b', 'aa'], async ({ tags }) => {
          expect(await tags.list(repository, {})).toEqual({
            entries: ['10', '9', 'Z', '_', 'a', 'a-b', 'a.b', 'a_b', 'aa', 'b'],
            hasMore: false,
          })
        }))

      it.each<[string, PageRequest, readonly string[], boolean]>([
        ['the first of them', { limit: 2 }, ['b', 'd'], true],
        ['those after one', { last: 'd', limit: 2 }, ['f', 'h'], false],
        ['those after what is no tag', { last: 'c', limit: 1 }, ['d'], true],
        ['a page that is just full', { limit: 4 }, ['b', 'd', 'f', 'h'], false],
        ['all after one', { last: 'b' }, ['d', 'f', 'h'], false],
        ['none after the last', { last: 'h', limit: 2 }, [], false],
        ['none where none are wanted', { limit: 0 }, [], true],
        ['those after what sorts before all', { last: '\u0000' }, ['b', 'd', 'f', 'h'], false],
        ['none after what sorts behind all', { last: 'ÿ' }, [], false],
      ])('gives %s', (_what, page, entries, hasMore) =>
        withTags(['f', 'b', 'h', 'd'], async ({ tags }) => {
          expect(await tags.list(repository, page)).toEqual({ entries, hasMore })
          await tags.list(repository, {})
          expect(await tags.list(repository, page)).toEqual({ entries, hasMore })
        }),
      )

      it('gives every tag once to whoever goes through the pages', () => {
        const names = Array.from({ length: 80 }, (_, index) => `t${(index * 7919) % 1000}`)
        return withTags(names, async ({ tags }) => {
          const seen: string[] = []
          for (let hasMore = true; hasMore;) {
            const last = seen.at(-1)
            const page = await tags.list(repository, { limit: 7, ...(last !== undefined && { last }) })
            seen.push(...page.entries)
            hasMore = page.hasMore
          }
          expect(seen).toEqual([...names].sort())
        })
      })

      it('follows pushes and deletions', () =>
        withTags(['b'], async ({ tags, manifests, blobs }) => {
          const other = await imageWithBlobs(blobs, repository, 'other', { tags: tagsNamed('a', 'c') })
          expect((await tags.list(repository, {})).entries).toEqual(['b'])
          await manifests.put(repository, other)
          expect((await tags.list(repository, {})).entries).toEqual(['a', 'b', 'c'])
          await manifests.delete(repository, digestOfUpload(other))
          expect((await tags.list(repository, {})).entries).toEqual(['b'])
        }))

      it('does not know a repository that no manifest was pushed to', () =>
        withTags(['a'], async ({ tags, blobs }) => {
          const unknown = [['NAME_UNKNOWN', { name: elsewhere }]]
          expect(await faultsOf(tags.list(elsewhere, {}))).toEqual(unknown)
          await blobs.put(elsewhere, Buffer.from('only a blob'))
          expect(await faultsOf(tags.list(elsewhere, { last: 'a' }))).toEqual(unknown)
        }))

      it('gives none for a repository whose manifests have none', () =>
        withTags([], async ({ tags, manifests, blobs }) => {
          expect(await tags.list(repository, {})).toEqual({ entries: [], hasMore: false })
          await manifests.delete(repository, digestOfUpload(await imageWithBlobs(blobs, repository, 'a')))
          expect(await tags.list(repository, {})).toEqual({ entries: [], hasMore: false })
        }))
    })

    describe('delete', () => {
      it('removes the tag, and leaves its manifest and other tags', () =>
        withTags(['latest', 'other'], async ({ tags, manifests }) => {
          const { digest } = await manifests.get(repository, latest)
          await tags.list(repository, {})
          await tags.delete(repository, latest)
          expect(await codesOf(manifests.get(repository, latest))).toEqual(['MANIFEST_UNKNOWN'])
          expect((await manifests.get(repository, digest)).digest).toBe(digest)
          expect((await tags.list(repository, {})).entries).toEqual(['other'])
        }))

      it('leaves a repository without tags where it was the last', () =>
        withTags(['latest'], async ({ tags }) => {
          await tags.delete(repository, latest)
          expect(await tags.list(repository, {})).toEqual({ entries: [], hasMore: false })
        }))

      it('does not know a tag that is not there, or not any more', () =>
        withTags(['latest'], async ({ tags }) => {
          await tags.delete(repository, latest)
          for (const each of [repository, elsewhere])
            expect(await faultsOf(tags.delete(each, latest))).toEqual([
              ['MANIFEST_UNKNOWN', { name: each, reference: latest }],
            ])
        }))

      it('can be undone by a push', () =>
        withTags(['latest'], async ({ tags, manifests, blobs }) => {
          await tags.delete(repository, latest)
          await manifests.put(repository, await imageWithBlobs(blobs, repository, 'a', { tags: [latest] }))
          expect((await tags.list(repository, {})).entries).toEqual([latest])
          await manifests.get(repository, latest)
        }))
    })
  })
}
