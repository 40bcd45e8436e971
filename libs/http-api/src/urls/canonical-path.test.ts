import { describe, expect, it } from 'vitest'
import { cleanPath, looksUnclean } from './canonical-path.ts'
import { pathOf } from './request-path.ts'

describe('a path', () => {
  it.each([
    ['/v2//foo/tags/list', '/v2/foo/tags/list'],
    ['/////v2/', '/v2/'],
    ['//evil.example.com/v2/', '/evil.example.com/v2/'],
    ['/v2/.foo/tags/list', '/v2/.foo/tags/list'],
    ['/v2/foo/...', '/v2/foo/...'],
  ])('%s is %s', (path, clean) => {
    expect(cleanPath(path)).toBe(clean)
  })

  it.each(['/v2/foo/../bar/tags/list', '/v2/./', '/v2/..', '/..//v2/', String.raw`/\evil.example.com//`])(
    '%s is nowhere',
    (path) => {
      expect(cleanPath(path)).toBeUndefined()
    },
  )

  it.each(['/v2/foo/manifests/v1.0', '/v2/foo.bar/manifests/latest'])('%s needs no closer look', (path) => {
    expect(looksUnclean(path)).toBe(false)
  })
})

describe('the target of a request', () => {
  it.each([
    ['/v2/?n=1', '/v2/'],
    ['/v2/foo/tags/list', '/v2/foo/tags/list'],
    ['http://registry.example.com:5000/v2/?n=1', '/v2/'],
    ['http://[::1/v2/', '/v2/'],
    ['*', '*'],
  ])('%s has the path %s', (target, path) => {
    expect(pathOf(target)).toBe(path)
  })
})
