import { StoredBlobs } from '@berth/blobs/stored'
import { openManifests } from '@berth/manifests/stored'
import { MemoryDriver } from '@berth/storage/memory'
import { KeyRing } from '@berth/uploads'
import { StoredBlobUploads } from '@berth/uploads/stored'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { TestApi } from './test-api.ts'

async function serve(): Promise<TestApi> {
  const storage = new MemoryDriver()
  const blobs = new StoredBlobs({ storage })
  const uploads = new StoredBlobUploads({ storage, keys: new KeyRing({ signing: 'secret' }) })
  const policy = { urls: { allow: [], deny: [] }, references: 'all', indexes: 'all', classes: [] } as const
  const services = { blobs, uploads, ...openManifests({ storage, blobs, policy, isExclusive: true }) }
  const api = await TestApi.open({ services, settings: { deletesAllowed: true } })
  onTestFinished(() => api.close())
  return api
}

const digest = `sha256:${'a'.repeat(64)}`
const words = ['v2', 'foo', 'blobs', 'uploads', 'manifests', 'tags', 'list', '_catalog', 'referrers', 'latest', digest]
const nasty = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%',
  '%zz',
  '%00',
  '%2F',
  '%ff',
  'é',
  'FOO',
  '~',
  ';',
  'a:b',
  ':',
  '*',
  '\\',
  '"',
  '<',
]
const segment = fc.oneof(fc.constantFrom(...words), fc.constantFrom(...nasty), fc.string({ maxLength: 12 }))
const parameter = fc.tuple(
  fc.constantFrom('n', 'last', 'mount', 'from', 'digest', '_state', 'tag', 'artifactType', 'digest-algorithm', ''),
  fc.constantFrom('', '0', '1', '-1', '1e9', 'foo', digest, 'sha256:', '%', '%zz', 'x'.repeat(500), '../..'),
)
const header = fc.tuple(
  fc.constantFrom(
    'Accept',
    'Range',
    'If-None-Match',
    'If-Match',
    'If-Range',
    'Content-Type',
    'Content-Range',
    'Forwarded',
  ),
  fc.oneof(
    fc.constantFrom(
      '',
      '*',
      '*/*',
      'bytes=0-',
      'bytes=5-2',
      'bytes=-',
      '0-4',
      '5-1',
      'bytes 0-1/2',
      '"',
      'W/',
      ';;',
      ',,',
    ),
    fc.string({ maxLength: 30 }),
  ),
)
const body = fc.oneof(fc.constantFrom('', '{}', '[]', '{"schemaVersion":2}', 'null', '"', '\ufeff{}'), fc.string())

/** What a client may send as one line of a head. */
function lineOf(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^\u0021-\u007e\u00a1-\u00ff]/g, '')
}

it('whatever is asked for, by whatever method, the client is told what is wrong with it, and never 500', async () => {
  const api = await serve()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'),
      fc.tuple(fc.array(segment, { maxLength: 6 }), fc.array(parameter, { maxLength: 3 })),
      fc.array(header, { maxLength: 4 }),
      body,
      async (method, [segments, query], headers, content) => {
        const path = ['/v2', ...segments].join('/')
        const search = query.map((each) => each.join('=')).join('&')
        const target = lineOf(search === '' ? path : `${path}?${search}`)
        const fields = headers.map(([name, value]) => `${name}: ${lineOf(value)}\r\n`).join('')
        const connection = await api.connect()
        connection.write(
          `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}` +
            `Content-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`,
        )
        expect(await connection.ended()).toMatch(/^HTTP\/1.1 (?:2|3|4)\d\d /)
        expect(api.lines.filter(({ level }) => level === 'error')).toEqual([])
      },
    ),
    { numRuns: 300 },
  )
}, 60_000)

it('bytes that are no request at all end their own connection only', async () => {
  const api = await serve()
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(
      'GET /v2/ HTTP/1.1\r\n',
      'Host: x\r\n',
      '\r\n',
      'Transfer-Encoding: chunked\r\n',
      '5\r\nhello\r\n',
      '0\r\n\r\n',
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const connection = await api.connect()
      for (const each of pieces) connection.write(each)
      connection.socket.end()
      expect(await connection.ended()).not.toMatch(/HTTP\/1.1 5/)
      expect(await api.send('GET', '/v2/')).toMatchObject({ status: 200 })
      expect(api.lines.filter(({ level }) => level === 'error')).toEqual([])
    }),
  )
}, 60_000)
