import { RegistryError } from '@berth/errors'
import type { Tags } from '@berth/manifests'
import type { Tag } from '@berth/reference'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { HttpApiSettings } from '../settings.ts'
import { TestApi } from '../test-api.ts'

const all = ['2j2ar', 'asj9e', 'jyi7b', 'kb0j5', 'sb71y']

async function serve(settings: Partial<HttpApiSettings> = {}): Promise<TestApi> {
  const tags: Tags = {
    list: async (repository, { limit = Infinity, last = '' }) => {
      if (repository !== 'test') throw new RegistryError('NAME_UNKNOWN', { name: repository })
      const after = all.filter((tag) => tag > last) as Tag[]
      return { entries: after.slice(0, limit), hasMore: after.length > limit }
    },
    delete: () => Promise.reject(new Error('not to be called here')),
  }
  const api = await TestApi.open({ services: { tags }, settings })
  onTestFinished(() => api.close())
  return api
}

describe('the tags of a repository', () => {
  it.each([
    ['', all, undefined],
    ['?n=', all, undefined],
    ['?last=', all, undefined],
    ['?n=2', ['2j2ar', 'asj9e'], 'last=asj9e&n=2'],
    ['?last=asj9e&n=1', ['jyi7b'], 'last=jyi7b&n=1'],
    ['?last=jyi7b&n=3', ['kb0j5', 'sb71y'], undefined],
    ['?last=jyi7b&n=2', ['kb0j5', 'sb71y'], undefined],
    ['?last=sb71y&n=1', [], undefined],
    ['?n=100', all, undefined],
    ['?n=99999999999999999999', all, undefined],
    ['?last=jyi7b', ['kb0j5', 'sb71y'], undefined],
    // What comes last is all of it: there is no next page to lead to.
    ['?last=does-not-exist&n=3', ['jyi7b', 'kb0j5', 'sb71y'], undefined],
    ['?n=0', [], undefined],
  ])('asked for with %j are %j', async (query, tags, next) => {
    const { status, headers, text } = await (await serve()).send('GET', `/v2/test/tags/list${query}`)
    expect([status, JSON.parse(text)]).toEqual([200, { name: 'test', tags }])
    expect(headers['link']).toBe(next && `</v2/test/tags/list?${next}>; rel="next"`)
    expect(text.endsWith('\n')).toBe(true)
  })

  it('come in pages of no more than the configured size', async () => {
    const { headers, text } = await (await serve({ tagsMaxTags: 2 })).send('GET', '/v2/test/tags/list?n=100')
    expect(JSON.parse(text)).toMatchObject({ tags: ['2j2ar', 'asj9e'] })
    expect(headers['link']).toBe('</v2/test/tags/list?last=asj9e&n=2>; rel="next"')
  })

  it('are all there where nobody asks for a page', async () => {
    const { text } = await (await serve({ tagsMaxTags: 2 })).send('GET', '/v2/test/tags/list')
    expect(JSON.parse(text)).toEqual({ name: 'test', tags: all })
  })

  it.each(['-1', 'foo'])('are not asked for in pages of %s', async (n) => {
    const { status, text } = await (await serve()).send('GET', `/v2/test/tags/list?n=${n}`)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ errors: [{ code: 'PAGINATION_NUMBER_INVALID', detail: { n } }] })
  })

  it('are unknown where the repository is', async () => {
    const { status, text } = await (await serve()).send('GET', '/v2/unknown/tags/list')
    expect(status).toBe(404)
    expect(JSON.parse(text)).toMatchObject({ errors: [{ code: 'NAME_UNKNOWN', detail: { name: 'unknown' } }] })
  })
})
