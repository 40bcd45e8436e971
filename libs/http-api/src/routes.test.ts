import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mountRoutes } from './mounted-route.ts'
import { routes } from './routes.ts'
import { testSettings } from './test-settings.ts'
import type { RegistryServices } from './services.ts'

const digest = 'sha256:abcdef01234567890'
// Which routes there are depends on which services there are, and never on what these are.
const everything = { blobs: {}, uploads: {}, manifests: {}, tags: {}, catalog: {}, referrers: {} }
const services = everything as unknown as RegistryServices

/** The routes that match a path, each with what it finds there. */
function matches(path: string, prefix = '/'): Record<string, string>[] {
  return mountRoutes(routes, services, { ...testSettings, prefix }).flatMap(({ name: route, pattern }) => {
    const match = pattern.exec(path)
    return match === null ? [] : [{ route, ...match.groups }]
  })
}

const table: [string, Record<string, string>][] = [
  ['v2/', { route: 'base' }],
  ['v2/_catalog', { route: 'catalog' }],
  ['v2/foo/manifests/bar', { route: 'manifest', name: 'foo', parameter: 'bar' }],
  ['v2/foo/bar/manifests/tag', { route: 'manifest', name: 'foo/bar', parameter: 'tag' }],
  [`v2/foo/bar/manifests/${digest}`, { route: 'manifest', name: 'foo/bar', parameter: digest }],
  ['v2/foo/bar/tags/list', { route: 'tags', name: 'foo/bar' }],
  ['v2/docker.com/foo/tags/list', { route: 'tags', name: 'docker.com/foo' }],
  ['v2/locahost:8080/foo/bar/baz/tags/list', { route: 'tags', name: 'locahost:8080/foo/bar/baz' }],
  [`v2/foo/bar/blobs/${digest}`, { route: 'blob', name: 'foo/bar', parameter: digest }],
  [`v2/foo/bar/referrers/${digest}`, { route: 'referrers', name: 'foo/bar', parameter: digest }],
  ['v2/foo/bar/blobs/uploads/', { route: 'blob_upload', name: 'foo/bar' }],
  ['v2/foo/bar/blobs/uploads/uuid', { route: 'blob_upload_chunk', name: 'foo/bar', parameter: 'uuid' }],
  [
    'v2/foo/bar/blobs/uploads/RDk1MzA2RkEtRkFEMy00RTM2LThENDEtQ0YxQzkzRUY4Mjg2IA==',
    { route: 'blob_upload_chunk', name: 'foo/bar', parameter: 'RDk1MzA2RkEtRkFEMy00RTM2LThENDEtQ0YxQzkzRUY4Mjg2IA==' },
  ],
  // Names may have the words that paths are made of.
  ['v2/manifests/manifests/tags', { route: 'manifest', name: 'manifests', parameter: 'tags' }],
  ['v2/foo/bar/manifests/manifests/tags', { route: 'manifest', name: 'foo/bar/manifests', parameter: 'tags' }],
  ['v2/a/manifests/tags/tags/list', { route: 'tags', name: 'a/manifests/tags' }],
  ['v2/a/manifests/tags/manifests/list', { route: 'manifest', name: 'a/manifests/tags', parameter: 'list' }],
  ['v2/tags/list/tags/list', { route: 'tags', name: 'tags/list' }],
  [`v2/a/blobs/blobs/${digest}`, { route: 'blob', name: 'a/blobs', parameter: digest }],
  ['v2/a/blobs/blobs/uploads/', { route: 'blob_upload', name: 'a/blobs' }],
  ['v2/a/uploads/b/blobs/uploads/x', { route: 'blob_upload_chunk', name: 'a/uploads/b', parameter: 'x' }],
  ['v2/blobs/uploads/blobs/uploads/x', { route: 'blob_upload_chunk', name: 'blobs/uploads', parameter: 'x' }],
  [`v2/a/blobs/uploads/blobs/${digest}`, { route: 'blob', name: 'a/blobs/uploads', parameter: digest }],
  ['v2/a/blobs/uploads/manifests/x', { route: 'manifest', name: 'a/blobs/uploads', parameter: 'x' }],
  [`v2/referrers/referrers/${digest}`, { route: 'referrers', name: 'referrers', parameter: digest }],
  ['v2/_catalog/tags/list', { route: 'tags', name: '_catalog' }],
]

describe.each(['/', '/prefix/', '/a.b+c/'])('below %s', (prefix) => {
  it.each(table)('%s is %j', (path, expected) => {
    expect(matches(prefix + path, prefix)).toEqual([expected])
  })

  it.each(['', 'v2', 'v2/x', 'v2/tags/list', 'v2/foo/tags', 'v2/foo/manifests/', 'v2/foo/blobs/uploads', 'v3/'])(
    '%j is no route',
    (path) => {
      expect(matches(prefix + path, prefix)).toEqual([])
    },
  )
})

it('at most one route matches any path', () => {
  const word = fc.constantFrom('a', 'blobs', 'uploads', 'manifests', 'tags', 'list', 'referrers', '_catalog', '', 'x:y')
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      expect(matches(`/v2/${words.join('/')}`).length).toBeLessThanOrEqual(1)
    }),
  )
})

describe('of a route', () => {
  it('only the methods that change nothing are left in a read-only registry', () => {
    const mounted = mountRoutes(routes, services, { ...testSettings, isReadOnly: true })
    expect(Object.fromEntries(mounted.map(({ name, allow }) => [name, allow]))).toEqual({
      base: 'ANY',
      blob: 'GET, HEAD',
      blob_upload: 'OPTIONS',
      blob_upload_chunk: 'GET, HEAD',
      catalog: 'GET',
      manifest: 'GET, HEAD',
      referrers: 'GET',
      tags: 'GET',
    })
  })

  it('all services must be there', () => {
    const { blobs, uploads } = services
    const names = (given: Partial<RegistryServices>): string[] =>
      mountRoutes(routes, given, testSettings).map(({ name }) => name)
    expect(names({})).toEqual(['base'])
    expect(names({ blobs, uploads })).toEqual(['blob', 'blob_upload_chunk', 'blob_upload', 'base'])
  })
})
