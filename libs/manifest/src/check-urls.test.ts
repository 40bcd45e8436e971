import { parseDescriptor } from '@berth/descriptor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkUrls, type UrlPolicy } from './check-urls.ts'
import { mediaTypes } from './media-types.ts'

const anyUrl: UrlPolicy = { allow: [], deny: [] }
const someUrls: UrlPolicy = { allow: [/^https?:\/\/foo/], deny: [/^https?:\/\/foo\/nope/] }

function faultsOf(
  urls: readonly string[] | undefined,
  policy: UrlPolicy,
  mediaType: string = mediaTypes.dockerForeignLayer,
) {
  const descriptor = parseDescriptor({ mediaType, digest: `sha256:${'a'.repeat(64)}`, size: 3, urls }, 'layers[1]')
  return checkUrls({ descriptor, role: 'layer', field: 'layers[1]' }, policy).map(({ detail }) => detail)
}

describe('the URLs of a layer', () => {
  it.each<[string, readonly string[]]>([
    ['http', ['http://foo/bar']],
    ['https', ['https://foo/bar']],
    ['several', ['https://foo/a', 'HTTP://foo:8080/b?c=d']],
  ])('are good where they are %s', (_, urls) => {
    expect(faultsOf(urls, anyUrl)).toEqual([])
  })

  it.each([[undefined], [[]]])('are missed on a foreign layer, where they are %j', (urls) => {
    expect(faultsOf(urls, anyUrl)).toEqual([{ field: 'layers[1].urls', reason: 'missing URL on layer' }])
  })

  it.each([mediaTypes.ociNondistributableLayer, mediaTypes.ociLayerGzip, mediaTypes.ociConfig])(
    'may be missing on content of type %s',
    (mediaType) => {
      expect(faultsOf(undefined, anyUrl, mediaType)).toEqual([])
    },
  )

  it.each([
    ['file:///local/file', 'must begin with http:// or https://'],
    ['http:foo/bar', 'must begin with http:// or https://'],
    ['//foo/bar', 'is not a URL'],
    ['http://foo/bar#baz', 'must not have a fragment'],
    ['', 'is not a URL'],
    [' http://foo/bar', 'is not a URL'],
    ['http://fo\no/bar', 'is not a URL'],
    ['http://', 'is not a URL'],
    ['http://nope/bar', 'is not allowed by validation.manifests.urls.allow'],
    ['http://foo/nope', 'is denied by validation.manifests.urls.deny'],
  ])('are refused where one is "%s"', (url, why) => {
    const reason = `invalid URL on layer: ${JSON.stringify(url)} ${why}`

    expect(faultsOf([url], someUrls)).toEqual([{ field: 'layers[1].urls[0]', reason }])
  })

  it('are refused one by one', () => {
    const faults = faultsOf(['', 'https://foo/bar', 'ftp://foo'], someUrls)

    expect(faults).toMatchObject([{ field: 'layers[1].urls[0]' }, { field: 'layers[1].urls[2]' }])
  })

  it('are refused as a whole if there are more than 10,000', () => {
    expect(
      faultsOf(
        Array.from({ length: 10_001 }, () => 'http://a'),
        anyUrl,
      ),
    ).toEqual([{ reason: 'has more than 10000 URLs', field: 'layers[1].urls' }])
  })

  it('are refused if they are longer than 8192 characters', () => {
    const [fault] = faultsOf([`https://a/${'b'.repeat(8183)}`], anyUrl)
    expect((fault as { reason: string }).reason).toMatch(/ is longer than 8192 characters$/)
    expect(faultsOf([`https://a/${'b'.repeat(8182)}`], anyUrl)).toEqual([])
  })

  it('are refused a hundred at a time', () => {
    expect(
      faultsOf(
        Array.from({ length: 10_000 }, () => ''),
        anyUrl,
      ),
    ).toHaveLength(100)
  })

  it('are held to the policy on whatever they stand', () => {
    expect(faultsOf(['http://foo/nope'], someUrls, 'text/plain')).toHaveLength(1)
    expect(faultsOf(['http://foo/bar'], someUrls, 'text/plain')).toEqual([])
  })

  it('are judged, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.webUrl())), (urls) => {
        expect(faultsOf(urls, someUrls, 'text/plain').length).toBeLessThanOrEqual(urls.length)
      }),
    )
  })
})
