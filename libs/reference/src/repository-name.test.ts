import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRepositoryName } from './repository-name.ts'

function reasonOf(text: string): string | undefined {
  try {
    parseRepositoryName(text)
    return undefined
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'NAME_INVALID') throw error
    return (error as RegistryError<'NAME_INVALID'>).detail.reason
  }
}

describe('the name of a repository', () => {
  it.each([
    'short',
    'simple/name',
    'docker/stevvooe/app',
    'aa/aa/bb/bb/bb',
    'a/a/a/a',
    'aa-a/a',
    'foo_bar',
    'foo_bar.com',
    'foo.com/foo_bar',
    'example.com/some_separator__underscore/myimage',
    'do__cker/docker',
    'registry.io/foo/project--id.module--name.ver---sion--name',
    'Asdf.com/foo/bar',
    'Foo/bar',
    'blobs/uploads/manifests/tags/list',
    'a'.repeat(255),
    `${'a/'.repeat(127)}a`,
  ])('may be %s', (text) => {
    expect(parseRepositoryName(text)).toBe(text)
  })

  it.each([
    '',
    '/',
    '/a',
    'a/a/a/a/',
    'a//a/a',
    'foo.com/',
    'foo.com:http/bar',
    'a^a',
    'a-/a/a/a',
    'foo.com/a-/a/a',
    '-foo/bar',
    'foo/bar-',
    'foo-/bar',
    'foo/-bar',
    '_foo/bar',
    'foo_bar.com:8080',
    'foo_bar.com:8080/app',
    '____/____',
    '_docker/_docker',
    'docker_/docker_',
    'example.com/__underscore/myimage',
    'example.com/..dots/myimage',
    'example.com/nodouble..dots/myimage',
    'docker./docker',
    '.docker/docker',
    'do..cker/docker',
    'do__cker:8080/docker',
    '..',
    'a/../b',
    'a/_uploads',
    'foo\n',
    'foo\u0000',
    'fóo/bar',
  ])('cannot be "%s"', (text) => {
    expect(reasonOf(text)).toBe('invalid repository name format')
  })

  it.each(['FOO', 'Foo/FarB', 'foo/Bar', 'foo/bar/baZ'])('cannot be %s, for its upper case', (text) => {
    expect(reasonOf(text)).toBe('must be lowercase')
  })

  it.each(['foo.com:8080/bar', 'localhost:8080/bar', '[::1]/bar'])(
    'cannot be %s, which no driver could store',
    (text) => {
      expect(reasonOf(text)).toBe('invalid repository name format')
    },
  )

  it.each(['a'.repeat(256), `${'a/'.repeat(128)}a`, '/'.repeat(1_000_000)])(
    'cannot have more than 255 characters',
    (text) => {
      expect(reasonOf(text)).toBe('must not be more than 255 characters')
    },
  )

  it('is itself, or refused as one, whatever it is', () => {
    const unit = fc.constantFrom('a', 'Z', '0', '.', '_', '-', '/', ':', '\n', 'é')
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit, maxLength: 300 })), (text) => {
        expect(() => reasonOf(text)).not.toThrow()
      }),
    )
  })
})
