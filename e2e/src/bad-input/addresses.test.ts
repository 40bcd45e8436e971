import { describe, expect, it } from 'vitest'
import { rawRequest } from './raw-http.ts'
import { type Refusal, refusal, sound, soundRepository, useTarget } from './target.ts'

const target = useTarget()
const unknown = `sha256:${'0'.repeat(64)}`
const hex = sound.manifest.digest.slice('sha256:'.length)

interface Row extends Refusal {
  readonly what: string
  readonly path: string
  readonly method?: string
}

function refuses(rows: readonly Row[]): void {
  it.each(rows)('$what: $status $code', async ({ path, method = 'GET', ...expected }) => {
    expect(await target.told(rawRequest(method, path))).toMatchObject(refusal(expected))
  })
}

describe('names of repositories', () => {
  const invalid = (name: string) => ({ path: `/v2/${name}/tags/list`, status: 400, code: 'NAME_INVALID', names: name })
  refuses([
    { what: 'upper case', ...invalid('FOO') },
    { what: 'two dots', ...invalid('a..b') },
    { what: 'a dash at the start', ...invalid('-a') },
    { what: 'an underscore at the end', ...invalid('a_') },
    { what: 'three underscores', ...invalid('a___b') },
    { what: 'a component that begins with an underscore', ...invalid('a/_layers') },
    { what: 'a port that is none', ...invalid('host:x/a') },
    { what: '256 characters', ...invalid('a'.repeat(256)) },
    { what: 'a space', ...invalid('a%20b'), names: 'a b' },
    { what: 'a zero byte', ...invalid('a%00b'), names: 'a' },
    { what: 'an encoded way up', ...invalid('%2e%2e%2fb'), names: '..' },
    { what: 'a percent sign alone', ...invalid('a%zz') },
    { what: 'bytes that are no UTF-8', ...invalid('a%ff') },
    { what: 'an emoji', ...invalid('%F0%9F%90%8B'), names: '🐋' },
    { what: 'nobody has pushed it', path: '/v2/a/b/tags/list', status: 404, code: 'NAME_UNKNOWN', names: 'a/b' },
  ])
})

describe('paths that lead elsewhere', () => {
  refuses([
    { what: 'up', path: '/v2/../../../etc/passwd', status: 404 },
    { what: 'up, and down again', path: `/v2/a/../${soundRepository}/tags/list`, status: 404 },
    { what: 'here', path: `/v2/./${soundRepository}/tags/list`, status: 404 },
    { what: 'up from the blobs', path: `/v2/${soundRepository}/blobs/../manifests/v1`, status: 404 },
  ])
})

describe('digests', () => {
  const rows = (below: string): Row[] => {
    const invalid = (digest: string) => {
      return { path: `/v2/${soundRepository}/${below}/${digest}`, status: 400, code: 'DIGEST_INVALID', names: digest }
    }
    return [
      { what: 'too short', ...invalid('sha256:abc') },
      { what: 'too long', ...invalid(`sha256:${hex}0`) },
      { what: 'upper case', ...invalid(`sha256:${hex.toUpperCase().replace(/^./, 'A')}`) },
      { what: 'not hexadecimal', ...invalid(`sha256:${hex.slice(1)}g`) },
      { what: 'of sha512, but as short as one of sha256', ...invalid(`sha512:${hex}`) },
      { what: 'of no known algorithm', ...invalid(`sha257:${hex}`) },
      { what: 'of an algorithm that is not safe', ...invalid(`md5:${hex.slice(32)}`) },
      { what: 'without a digest', ...invalid('sha256:') },
      { what: 'without an algorithm', ...invalid(`:${hex}`) },
      { what: 'with a way up', ...invalid('sha256:%2e%2e%2f%2e%2e'), names: '../..' },
    ]
  }
  describe('of blobs', () => {
    refuses([
      ...rows('blobs'),
      { what: 'a tag', path: `/v2/${soundRepository}/blobs/v1`, status: 400, code: 'DIGEST_INVALID', names: 'v1' },
      {
        what: 'nothing has it',
        path: `/v2/${soundRepository}/blobs/${unknown}`,
        status: 404,
        code: 'BLOB_UNKNOWN',
        names: unknown,
      },
      {
        what: 'another repository has it',
        path: `/v2/other/blobs/${sound.config.digest}`,
        status: 404,
        code: 'BLOB_UNKNOWN',
        names: sound.config.digest,
      },
    ])
  })
  describe('of blobs to delete', () => {
    refuses([
      { what: 'too short', ...rows('blobs')[0], method: 'DELETE' } as Row,
      {
        what: 'nothing has it',
        path: `/v2/${soundRepository}/blobs/${unknown}`,
        method: 'DELETE',
        status: 404,
        code: 'BLOB_UNKNOWN',
        names: unknown,
      },
    ])
  })
  describe('of manifests', () => {
    refuses(rows('manifests'))
  })
  describe('of subjects', () => {
    refuses([
      ...rows('referrers'),
      { what: 'a tag', path: `/v2/${soundRepository}/referrers/v1`, status: 400, code: 'DIGEST_INVALID', names: 'v1' },
    ])
  })
})

describe('references', () => {
  const at = (reference: string): string => `/v2/${soundRepository}/manifests/${reference}`
  const invalid = (tag: string) => ({ path: at(tag), status: 400, code: 'TAG_INVALID', names: tag })
  const missing = (reference: string) => {
    return { path: at(reference), status: 404, code: 'MANIFEST_UNKNOWN', names: reference }
  }
  refuses([
    { what: 'a dot at the start', ...invalid('.v1') },
    { what: 'a dash at the start', ...invalid('-v1') },
    { what: 'a letter that tags do not have', ...invalid('v1!') },
    { what: '129 characters', ...invalid('v'.repeat(129)) },
    { what: 'a space', ...invalid('v%201'), names: 'v 1' },
    { what: 'a slash', ...invalid('v%2F1'), names: 'v/1' },
    { what: 'to put', ...invalid('.v1'), method: 'PUT' },
    { what: 'to delete', ...invalid('.v1'), method: 'DELETE' },
    { what: 'no such tag', ...missing('v2') },
    { what: 'no such digest', ...missing(unknown) },
    { what: 'the digest of a blob', ...missing(sound.config.digest) },
    { what: 'no such tag to delete', ...missing('v2'), method: 'DELETE' },
    { what: 'no such digest to delete', ...missing(unknown), method: 'DELETE' },
  ])
})

describe('pages', () => {
  const pages = ['/v2/_catalog', `/v2/${soundRepository}/tags/list`]
  refuses(
    pages.flatMap((path) =>
      ['-1', 'many', '1.5', '1e3', '0x10', '%00', '+1'].map((n) => {
        const [status, code] = [400, 'PAGINATION_NUMBER_INVALID']
        const sent = new URLSearchParams(`n=${n}`).get('n') ?? ''
        return { what: `${path} by ${n}`, path: `${path}?n=${n}`, status, code, names: JSON.stringify(sent) }
      }),
    ),
  )
})
