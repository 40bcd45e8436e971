import { RegistryError } from '@berth/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatFamiliar,
  parseAnyReference,
  parseCanonicalReference,
  parseNormalizedReference,
  withDefaultTag,
} from './normalize.ts'
import { formatReference } from './reference.ts'

const hex = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5c7b9a1f3e5d7c9b1a3f'
const digest = `sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa`

function reasonOf(parse: (text: string) => unknown, text: string): string | undefined {
  try {
    parse(text)
    return undefined
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return (error as RegistryError<'NAME_INVALID' | 'DIGEST_INVALID'>).detail.reason
  }
}

describe('a reference as people type it', () => {
  it.each([
    ['ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['library/ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['docker.io/ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['docker.io/library/ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['fooo/bar', 'docker.io/fooo/bar', 'fooo/bar'],
    ['index.docker.io/fooo/bar', 'docker.io/fooo/bar', 'fooo/bar'],
    ['index.docker.io/ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['library/foo/bar', 'docker.io/library/foo/bar', 'library/foo/bar'],
    ['127.0.0.1:8000/privatebase', '127.0.0.1:8000/privatebase', '127.0.0.1:8000/privatebase'],
    ['example.com/private/moonbase', 'example.com/private/moonbase', 'example.com/private/moonbase'],
    ['localhost/foo', 'localhost/foo', 'localhost/foo'],
    ['localhost:5000/foo', 'localhost:5000/foo', 'localhost:5000/foo'],
    ['[::1]:5000/foo', '[::1]:5000/foo', '[::1]:5000/foo'],
    ['localhost', 'docker.io/library/localhost', 'localhost'],
    ['Foo/bar', 'Foo/bar', 'Foo/bar'],
    ['foo_bar.com/x', 'foo_bar.com/x', 'foo_bar.com/x'],
    [`busybox:latest@${digest}`, `docker.io/library/busybox:latest@${digest}`, `busybox:latest@${digest}`],
    ['docker/docker', 'docker.io/docker/docker', 'docker/docker'],
    ['docker---rules/docker', 'docker.io/docker---rules/docker', 'docker---rules/docker'],
    ['d/docker', 'docker.io/d/docker', 'd/docker'],
    ['dock__er/docker', 'docker.io/dock__er/docker', 'dock__er/docker'],
    ['debian:Wheezy', 'docker.io/library/debian:Wheezy', 'debian:Wheezy'],
  ])('%s is %s in full and %s in short', (typed, canonical, familiar) => {
    const reference = parseNormalizedReference(typed)

    expect(formatReference(reference)).toBe(canonical)
    expect(formatFamiliar(reference)).toBe(familiar)
  })

  it.each([`docker.io/${hex}`, 'docker.io/localhost/foo', 'docker.io/a.b/c', 'docker.io/library/a.b/c'])(
    '%s is read the same when it was shortened',
    (typed) => {
      const reference = parseNormalizedReference(typed)

      expect(parseNormalizedReference(formatFamiliar(reference))).toEqual(reference)
    },
  )

  it.each([
    ['https://github.com/docker/docker', 'invalid reference format'],
    ['-docker', 'invalid reference format'],
    ['-docker/docker', 'invalid reference format'],
    ['-docker.io/docker/docker', 'invalid reference format'],
    ['docker///docker', 'invalid reference format'],
    ['docker-/docker', 'invalid reference format'],
    ['____/____', 'invalid reference format'],
    ['dock..er/docker', 'invalid reference format'],
    ['dock_.er/docker', 'invalid reference format'],
    ['dock-.er/docker', 'invalid reference format'],
    ['docker/', 'invalid reference format'],
    ['/docker', 'invalid reference format'],
    ['', 'invalid reference format'],
    ['docker/Docker', 'invalid reference format: repository name (docker/Docker) must be lowercase'],
    ['DEBIAN:jessie', 'invalid reference format: repository name (library/DEBIAN) must be lowercase'],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    [`${'a'.repeat(256)}`, 'repository name must not be more than 255 characters'],
    ['busybox@sha256:abc', 'invalid reference format'],
    [`busybox@sha256:${'a'.repeat(63)}`, 'invalid checksum digest length'],
  ])('cannot be "%s"', (typed, reason) => {
    expect(reasonOf(parseNormalizedReference, typed)).toBe(reason)
  })

  it('is read, or refused as one, whatever it is, and is the same in full and in short', () => {
    const unit = fc.constantFrom('a', 'b', 'F', '0', '.', '_', '-', '/', ':', '@', 'localhost', 'docker.io', 'library/')
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit, maxLength: 8 })), (typed) => {
        if (reasonOf(parseNormalizedReference, typed) !== undefined) return
        const reference = parseNormalizedReference(typed)
        expect(parseNormalizedReference(formatReference(reference))).toEqual(reference)
        expect(parseNormalizedReference(formatFamiliar(reference))).toEqual(reference)
      }),
    )
  })
})

describe('a canonical reference', () => {
  it.each(['docker.io/library/foo', 'docker.io/foo/bar:tag', 'test.com/foo', `test.com:8000/foo@${digest}`])(
    'may be %s',
    (text) => {
      expect(formatReference(parseCanonicalReference(text))).toBe(text)
    },
  )

  it.each(['foo', 'library/foo', 'docker.io/foo', 'test.com', 'foo/bar', 'index.docker.io/foo/bar'])(
    'cannot be %s',
    (text) => {
      expect(reasonOf(parseCanonicalReference, text)).toBe('repository name must be canonical')
    },
  )
})

describe('a reference, a digest or an identifier', () => {
  it('is a digest where it is 64 hexadecimal digits', () => {
    expect(parseAnyReference(hex)).toEqual({ digest: `sha256:${hex}` })
  })

  it('is a digest where it looks like one', () => {
    expect(parseAnyReference(digest)).toEqual({ digest })
  })

  it.each([
    ['dbcc1c', 'docker.io/library/dbcc1c'],
    [hex.slice(1), `docker.io/library/${hex.slice(1)}`],
    [`${hex}0`, `docker.io/library/${hex}0`],
    [`sha256:${hex.slice(1)}`, `docker.io/library/sha256:${hex.slice(1)}`],
    ['example.com/redis:v1', 'example.com/redis:v1'],
  ])('is a reference where it is %s', (text, canonical) => {
    const reference = parseAnyReference(text)

    expect('path' in reference && formatReference(reference)).toBe(canonical)
  })

  it('is refused where it is none of them', () => {
    expect(reasonOf(parseAnyReference, 'redis:')).toBe('invalid reference format')
  })
})

describe('the default tag', () => {
  it.each([
    ['ubuntu', 'docker.io/library/ubuntu:latest'],
    ['ubuntu:20', 'docker.io/library/ubuntu:20'],
    [`ubuntu@${digest}`, `docker.io/library/ubuntu@${digest}`],
    [`ubuntu:20@${digest}`, `docker.io/library/ubuntu:20@${digest}`],
  ])('is for what has neither tag nor digest: %s', (typed, expected) => {
    expect(formatReference(withDefaultTag(parseNormalizedReference(typed)))).toBe(expected)
  })
})
