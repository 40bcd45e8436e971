import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatName, formatReference, parseReference } from './reference.ts'

const digest = `sha256:${'f'.repeat(64)}`

function faultOf(text: string): Pick<RegistryError, 'code' | 'detail'> | undefined {
  try {
    parseReference(text)
    return undefined
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return { code: error.code, detail: error.detail }
  }
}

describe('a reference', () => {
  it.each<[string, { domain?: string; path: string; tag?: string; digest?: string }]>([
    ['test_com', { path: 'test_com' }],
    ['test.com:tag', { path: 'test.com', tag: 'tag' }],
    ['test.com:5000', { path: 'test.com', tag: '5000' }],
    ['test.com/repo:tag', { domain: 'test.com', path: 'repo', tag: 'tag' }],
    ['test.com/foo', { domain: 'test.com', path: 'foo' }],
    ['test_com/foo', { path: 'test_com/foo' }],
    ['test:8080/foo', { domain: 'test:8080', path: 'foo' }],
    ['test.com:8080/foo', { domain: 'test.com:8080', path: 'foo' }],
    ['test:5000/repo', { domain: 'test:5000', path: 'repo' }],
    [`test:5000/repo@${digest}`, { domain: 'test:5000', path: 'repo', digest }],
    [`test:5000/repo:tag@${digest}`, { domain: 'test:5000', path: 'repo', tag: 'tag', digest }],
    ['lowercase:Uppercase', { path: 'lowercase', tag: 'Uppercase' }],
    [
      `${'a/'.repeat(127)}a:tag-puts-this-over-max`,
      { domain: 'a', path: `${'a/'.repeat(126)}a`, tag: 'tag-puts-this-over-max' },
    ],
    [
      'sub-dom1.foo.com/bar/baz/quux:some-long-tag',
      { domain: 'sub-dom1.foo.com', path: 'bar/baz/quux', tag: 'some-long-tag' },
    ],
    [
      'b.gcr.io/test.example.com/my-app:test.example.com',
      { domain: 'b.gcr.io', path: 'test.example.com/my-app', tag: 'test.example.com' },
    ],
    ['xn--n3h.com/myimage:xn--n3h.com', { domain: 'xn--n3h.com', path: 'myimage', tag: 'xn--n3h.com' }],
    ['foo_bar.com:8080', { path: 'foo_bar.com', tag: '8080' }],
    ['foo/foo_bar.com:8080', { domain: 'foo', path: 'foo_bar.com', tag: '8080' }],
    [`localhost:8080@${digest}`, { path: 'localhost', tag: '8080', digest }],
    ['registry.com:8080/myapp:tag', { domain: 'registry.com:8080', path: 'myapp', tag: 'tag' }],
    ['Asdf.com/foo/bar', { domain: 'Asdf.com', path: 'foo/bar' }],
    ['[2001:db8::1]:5000/repo:tag', { domain: '[2001:db8::1]:5000', path: 'repo', tag: 'tag' }],
    ['[::1]/repo', { domain: '[::1]', path: 'repo' }],
    [`repo@sha512:${'0'.repeat(128)}`, { path: 'repo', digest: `sha512:${'0'.repeat(128)}` }],
  ])('%s has its parts', (text, parts) => {
    expect(parseReference(text)).toEqual(parts)
    expect(formatReference(parseReference(text))).toBe(text)
  })

  it.each([
    'test.com',
    'test.com:10304',
    'localhost:8080',
    'a',
    'a-b.com',
    'ab.c-om',
    '0101.com',
    'xn--n3h.com',
    'A.com',
  ])('may be in the domain %s', (domain) => {
    expect(parseReference(`${domain}/repo`)).toEqual({ domain, path: 'repo' })
  })

  it.each(['test.com:http', '-ab.com', 'ab-.com', 'ab.-com', 'ab.com-', 'a..com', '[::1', '[g::]', ':80', 'ab.com:'])(
    'cannot be in the domain %s',
    (domain) => {
      expect(faultOf(`${domain}/repo`)?.detail).toMatchObject({ reason: 'invalid reference format' })
    },
  )

  it.each([
    [':justtag', 'invalid reference format'],
    [`@${digest}`, 'invalid reference format'],
    ['aa/asdf$$^/aa', 'invalid reference format'],
    ['registry.com:8080/myapp:invalid~tag', 'invalid reference format'],
    ['registry.com:8080/myapp@bad', 'invalid reference format'],
    ['registry.com:8080/myapp@sha256:badbadbadbad', 'invalid reference format'],
    ['bad_hostname.com:8080/myapp:tag', 'invalid reference format'],
    [`localhost:http/name@${digest}`, 'invalid reference format'],
    [`repo@sha256:${'f'.repeat(31)}`, 'invalid reference format'],
    ['repo:', 'invalid reference format'],
    ['repo@', 'invalid reference format'],
    [`repo:${'a'.repeat(129)}`, 'invalid reference format'],
    ['repo\n', 'invalid reference format'],
    ['a'.repeat(1025), 'invalid reference format'],
    ['', 'repository name must have at least one component'],
    ['Uppercase:tag', 'repository name must be lowercase'],
    ['test:5000/Uppercase/lowercase:tag', 'repository name must be lowercase'],
    [`${'a/'.repeat(128)}a:tag`, 'repository name must not be more than 255 characters'],
    ['a'.repeat(256), 'repository name must not be more than 255 characters'],
  ])('cannot be "%s"', (text, reason) => {
    expect(faultOf(text)).toEqual({ code: 'NAME_INVALID', detail: { name: text, reason } })
  })

  it.each([
    [`sha256:${'f'.repeat(34)}`, 'invalid checksum digest length'],
    [`invaliddigest:${'f'.repeat(64)}`, 'unsupported digest algorithm'],
    [`sha256:${'F'.repeat(64)}`, 'invalid checksum digest format'],
  ])('cannot have the digest %s', (wrong, reason) => {
    expect(faultOf(`validname@${wrong}`)).toEqual({ code: 'DIGEST_INVALID', detail: { digest: wrong, reason } })
  })

  it('has a name that includes its domain', () => {
    expect(formatName(parseReference('test:5000/some/repo:tag'))).toBe('test:5000/some/repo')
    expect(formatName(parseReference('test_com:tag'))).toBe('test_com')
  })

  it('is formatted as it was parsed, or refused as one, whatever it is', () => {
    const unit = fc.constantFrom('a', 'b', 'F', '0', '.', '_', '-', '/', ':', '@', '[', ']', '~', '\n')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit }),
          fc.string({ unit }).map((each) => `a/${each}`),
        ),
        (text) => {
          const formatted = faultOf(text) === undefined ? formatReference(parseReference(text)) : text
          expect(formatted).toBe(text)
        },
      ),
    )
  })

  it.each(['a', 'a.', 'a-', 'a_', 'a/', '[', '0:', '-', '.'])(
    'is refused at once, even a million times "%s"',
    (unit) => {
      expect(faultOf(`${unit.repeat(1_000_000)}!`)?.code).toBe('NAME_INVALID')
    },
  )
})
