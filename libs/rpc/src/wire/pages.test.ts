import { digestOf } from '@berth/digest'
import type { ReferrersPage } from '@berth/manifests'
import { parseRepositoryName, parseTag, type Tag } from '@berth/reference'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { RemoteReferrers, RemoteTags } from '../client/remote-listings.ts'
import { serve } from '../test-server.ts'
import { partsOf } from './pages.ts'

const repository = parseRepositoryName('a')

it('a page in parts is the page, and no part is larger than a message should be', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400_000)), fc.boolean(), (sizes, hasMore) => {
      const parts = [...partsOf({ entries: sizes, hasMore }, (size) => size)]
      expect(parts.flatMap(({ entries }) => entries)).toEqual(sizes)
      expect(parts.map((part) => part.hasMore)).toEqual(parts.map((_, index) => hasMore && index === parts.length - 1))
      const shared = parts.filter(({ entries }) => entries.length > 1)
      for (const { entries } of shared)
        expect(entries.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(256 * 1024)
    }),
  )
})

it('any number of tags arrive in one page', async () => {
  const entries: Tag[] = Array.from({ length: 140_000 }, (_, index) => parseTag(`${index}-${'x'.repeat(120)}`))
  const list = async () => ({ entries, hasMore: true })
  const { channel, close } = await serve({ tags: { list, delete: async () => {} } })
  onTestFinished(close)
  const page = await new RemoteTags(channel).list(repository, {})
  expect(page.hasMore).toBe(true)
  expect(page.entries).toHaveLength(entries.length)
  expect(page.entries.every((tag, index) => tag === entries[index])).toBe(true)
})

it('referrers arrive byte for byte, with what the next page is asked for with', async () => {
  const entries = Array.from({ length: 100 }, (_, index) => ({
    digest: digestOf(String(index)),
    descriptor: Buffer.from(`{ "annotations":{"a/b":"${'ü'.repeat(20_000)}"}, "size":${2 ** 52 + index} }`),
  }))
  const page: ReferrersPage = { entries, hasMore: true, last: digestOf('the last that was looked at') }
  const asked: unknown[] = []
  const list = async (...request: readonly unknown[]): Promise<ReferrersPage> => {
    asked.push(request)
    return page
  }
  const { channel, close } = await serve({ referrers: { list } })
  onTestFinished(close)
  const request = { limit: 200, maxBytes: 8_000_000, last: digestOf('x') }
  expect(await new RemoteReferrers(channel).list(repository, digestOf('s'), request, 'a/b')).toEqual(page)
  expect(asked).toEqual([[repository, digestOf('s'), request, 'a/b']])
})
