import type { Catalog } from '@berth/manifests'
import type { RepositoryName } from '@berth/reference'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TestApi } from '../test-api.ts'

const names = ['foo/aaaa', 'foo/bbbb', 'foo/cccc', 'foo/dddd', 'foo/eeee', 'foo/ffff']

async function serve(all: readonly string[] = names, prefix = '/'): Promise<TestApi> {
  const catalog: Catalog = {
    list: async ({ limit = Infinity, last = '' }) => {
      const after = all.filter((name) => name > last) as RepositoryName[]
      return { entries: after.slice(0, limit), hasMore: after.length > limit }
    },
  }
  const api = await TestApi.open({ services: { catalog }, settings: { catalogMaxEntries: 5, prefix } })
  onTestFinished(() => api.close())
  return api
}

describe('the catalog', () => {
  it('is empty where nothing was pushed', async () => {
    const { status, headers, text } = await (await serve([])).send('GET', '/v2/_catalog')
    expect([status, text, headers['content-type']]).toEqual([200, '{"repositories":[]}\n', 'application/json'])
    expect(headers).not.toHaveProperty('link')
  })

  it.each([
    ['', names.slice(0, 5), '</v2/_catalog?last=foo%2Feeee&n=5>; rel="next"'],
    ['?last=&n=5', names.slice(0, 5), '</v2/_catalog?last=foo%2Feeee&n=5>; rel="next"'],
    ['?last=foo%2Feeee&n=5', ['foo/ffff'], undefined],
    ['?n=3', names.slice(0, 3), '</v2/_catalog?last=foo%2Fcccc&n=3>; rel="next"'],
    ['?n=3&last=foo/cccc', names.slice(3), undefined],
    ['?n=3&last=foo/c&x=y', names.slice(2, 5), '</v2/_catalog?last=foo%2Feeee&n=3>; rel="next"'],
    ['?n=0', [], undefined],
    ['?last=zzz', [], undefined],
  ])('asked for with %j has %j', async (query, repositories, link) => {
    const { status, headers, text } = await (await serve()).send('GET', `/v2/_catalog${query}`)
    expect([status, JSON.parse(text), headers['link']]).toEqual([200, { repositories }, link])
  })

  it('leads on below its prefix', async () => {
    const { headers } = await (await serve(names, '/test/')).send('GET', '/test/v2/_catalog?n=1')
    expect(headers['link']).toBe('</test/v2/_catalog?last=foo%2Faaaa&n=1>; rel="next"')
  })

  it.each(['6', '10', '-1', 'abc', '1.5'])('is not asked for in pages of %s', async (n) => {
    const { status, text } = await (await serve()).send('GET', `/v2/_catalog?n=${n}`)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ errors: [{ code: 'PAGINATION_NUMBER_INVALID', detail: { n } }] })
  })
})
