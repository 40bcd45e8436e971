import type { Descriptor } from '@berth/descriptor'
import { digestOf } from '@berth/digest'
import type { ListedReferrer, PageRequest, Referrers } from '@berth/manifests'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TestApi } from '../test-api.ts'

const subject = digestOf('subject')
const path = `/v2/foo/bar/referrers/${subject}`
const indexType = 'application/vnd.oci.image.index.v1+json'

function referrer(index: number, padding = ''): Descriptor {
  const digest = `sha256:${index.toString(16).padStart(64, '0')}` as Descriptor['digest']
  const artifactType = index % 2 === 0 ? 'application/even' : 'application/odd; v=1'
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest,
    size: 7,
    artifactType,
    annotations: { padding },
  }
}

/** Lists what it is given, as its contract says; looks at a thousand of them for a page. */
function listing(all: readonly Descriptor[]): Referrers {
  return {
    list: async (_repository, of, { limit = Infinity, last = '', maxBytes = Infinity }: PageRequest, artifactType) => {
      const after = of === subject ? all.filter((each) => each.digest > last) : []
      const entries: ListedReferrer[] = []
      let bytes = 0
      for (const [index, each] of after.entries()) {
        const isWanted = (artifactType ?? each.artifactType) === each.artifactType
        const descriptor = Buffer.from(JSON.stringify(each))
        const isFull = entries.length === limit || (entries.length > 0 && bytes + descriptor.byteLength + 1 > maxBytes)
        const before = after[index - 1]?.digest
        if (before !== undefined && ((isWanted && isFull) || index === 1000))
          return { entries, hasMore: true, last: before }
        if (!isWanted) continue
        entries.push({ digest: each.digest, descriptor })
        bytes += descriptor.byteLength + 1
      }
      return { entries, hasMore: false }
    },
  }
}

async function serve(all: readonly Descriptor[]): Promise<TestApi> {
  const api = await TestApi.open({ services: { referrers: listing(all) } })
  onTestFinished(() => api.close())
  return api
}

/** The pages of a listing, as a client follows them. */
async function pagesOf(api: TestApi, first: string): Promise<Descriptor[][]> {
  const pages: Descriptor[][] = []
  for (let next: string | undefined = first; next !== undefined;) {
    const { headers, text } = await api.send('GET', next)
    expect(text.length).toBeLessThanOrEqual(4 * 1024 * 1024)
    pages.push((JSON.parse(text) as { manifests: Descriptor[] }).manifests)
    next = /^<(.*)>; rel="next"$/.exec(String(headers['link']))?.[1]
  }
  return pages
}

describe('referrers', () => {
  it('are an index', async () => {
    const api = await serve([referrer(1), referrer(2)])
    const { status, headers, text } = await api.send('GET', path)
    expect([status, headers['content-type']]).toEqual([200, indexType])
    expect(headers).not.toHaveProperty('link')
    expect(headers).not.toHaveProperty('oci-filters-applied')
    expect(JSON.parse(text)).toEqual({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [referrer(1), referrer(2)],
    })
  })

  it('of what nobody knows are none', async () => {
    const api = await serve([referrer(1)])
    const { status, text } = await api.send('GET', `/v2/foo/bar/referrers/${digestOf('unknown')}`)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({ schemaVersion: 2, mediaType: indexType, manifests: [] })
  })

  it('can be those of one artifact type', async () => {
    const api = await serve([referrer(1), referrer(2)])
    const { headers, text } = await api.send('GET', `${path}?artifactType=application%2Fodd%3B+v%3D1`)
    expect(headers['oci-filters-applied']).toBe('artifactType')
    expect(JSON.parse(text)).toMatchObject({ manifests: [referrer(1)] })
  })

  it.each(['x+json', 'x%2Bjson'])('of a type that is written application/%s are found', async (written) => {
    const json = { ...referrer(1), artifactType: 'application/x+json' }
    const { text } = await (await serve([json, referrer(2)])).send('GET', `${path}?artifactType=application/${written}`)
    expect(JSON.parse(text)).toMatchObject({ manifests: [json] })
  })

  it.each(['sha256:abc', 'latest', `md5:${'a'.repeat(32)}`])('of %s are refused', async (digest) => {
    const { status, text } = await (await serve([])).send('GET', `/v2/foo/bar/referrers/${digest}`)
    expect(status).toBe(400)
    expect(text).toContain('DIGEST_INVALID')
  })

  it('come in pages that a client has room for', async () => {
    const all = Array.from({ length: 10 }, (_, index) => referrer(index, 'é'.repeat(500_000)))
    const pages = await pagesOf(await serve(all), path)
    expect(pages.length).toBeGreaterThan(2)
    expect(pages.flat()).toEqual(all)
  })

  it('come in pages however many there are, and stay filtered', async () => {
    const all = Array.from({ length: 2500 }, (_, index) => referrer(index))
    const api = await serve(all)
    expect((await pagesOf(api, path)).flat()).toEqual(all)
    const odd = (await pagesOf(api, `${path}?artifactType=application%2Fodd%3B+v%3D1&n=400`)).map(
      ({ length }) => length,
    )
    expect(odd).toEqual([400, 400, 400, 50])
  })

  it('lead to the next page though this one has none of the type that is asked for', async () => {
    const all = Array.from({ length: 2500 }, (_, index) => referrer(2 * index))
    const odd = referrer(4999)
    const pages = await pagesOf(await serve([...all, odd]), `${path}?artifactType=application%2Fodd%3B+v%3D1`)
    expect(pages).toEqual([[], [], [odd]])
  })
})
