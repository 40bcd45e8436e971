import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { makeCertificate } from '@berth/configuration/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DirectClient } from './direct-client.ts'
import { settingsUnderTest } from '../driver-under-test.ts'
import type { ObjectHeaders } from '../objects/object-headers.ts'
import { checksumOf } from '../gathering/piece.ts'
import { putObject } from '../objects/put-object.ts'
import type { S3Settings } from '../s3-settings.ts'

type Credentials = () => Promise<{
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiration?: Date
}>

const fixed: Credentials = async () => ({ accessKeyId: 'me', secretAccessKey: 'secret' })

const get = { method: 'GET', key: 'dir/a b' } as const

/** A client of a store that answers as it is told. */
async function open(
  answer: RequestListener,
  {
    credentials = fixed,
    secure = false,
    ...settings
  }: Partial<Omit<S3Settings, 'credentials'>> & { credentials?: Credentials; secure?: boolean } = {},
) {
  const seen: IncomingMessage[] = []
  const listener: RequestListener = (request, response) => {
    seen.push(request)
    answer(request, response)
  }
  const server: Server = secure ? createSecureServer(makeCertificate(), listener) : createServer(listener)
  let connections = 0
  server.on('connection', () => (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const all = settingsUnderTest({ endpoint, timeoutMs: 2000, ...settings })
  const requestChecksumCalculation = 'WHEN_REQUIRED'
  const client = new S3Client({
    region: 'somewhere',
    endpoint,
    forcePathStyle: true,
    credentials,
    requestChecksumCalculation,
  })
  const direct = new DirectClient(client, all)
  onTestFinished(() => {
    direct.close()
    client.destroy()
    server.closeAllConnections()
    server.close()
  })
  const text = async (): Promise<string> => (await (await direct.ask(get)).collect(1000)).toString()
  return { client, direct, seen, server, text, connections: () => connections }
}

const error = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>so it goes</Message></Error>`

describe('a direct request', () => {
  it('asks for the key, a range of it, and one state of it', async () => {
    const { direct, seen } = await open((_, response) => response.end('content'))
    const range = { start: 2, end: 7 }
    const answer = await direct.ask({ method: 'GET', key: 'dir/a b', range, tag: '"tag"' })
    expect((await answer.collect(1000)).toString()).toBe('content')
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/driver-tests/dir/a%20b' })
    expect(seen[0]?.headers).toMatchObject({ range: 'bytes=2-6', 'if-match': '"tag"' })
    expect(seen[0]?.headers.authorization).toContain('/somewhere/s3/aws4_request, SignedHeaders=host;if-match;range;')
  })

  it('goes over a connection that is there, one after the other', async () => {
    const { text, connections } = await open((_, response) => response.end('content'))
    for (let count = 0; count < 3; count += 1) expect(await text()).toBe('content')
    expect(connections()).toBe(1)
  })

  it('goes over another where the store has closed the one that was there', async () => {
    const { text, server, seen } = await open((_, response) => response.end('content'))
    await text()
    const closed = once(seen[0]!.socket, 'close')
    server.closeAllConnections()
    expect(await text()).toBe('content')
    await closed
  })

  it('is signed by the credentials of its time', async () => {
    let token = 'first'
    const expiration = new Date(Date.now() + 1000)
    const credentials: Credentials = async () => ({
      accessKeyId: token,
      secretAccessKey: token,
      sessionToken: token,
      expiration,
    })
    const { text, seen } = await open((_, response) => response.end(), { credentials })
    await text()
    token = 'second'
    await text()
    expect(seen.map(({ headers }) => headers['x-amz-security-token'])).toEqual(['first', 'second'])
  })

  it('follows the clock of the store', async () => {
    const storesMs = Date.now() + 3_600_000
    const { text, seen } = await open((_, response) => {
      const isFirst = seen.length === 1
      response.writeHead(isFirst ? 403 : 200, { Date: new Date(storesMs).toUTCString() })
      response.end(isFirst ? error('RequestTimeTooSkewed') : 'content')
    })
    await expect(text()).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' })
    expect(await text()).toBe('content')
    const hour = new Date(storesMs).toISOString().slice(0, 13).replaceAll('-', '')
    expect(seen[1]?.headers['x-amz-date']).toContain(hour)
  })

  it.each([
    [404, error('NoSuchKey'), 'NoSuchKey', 'so it goes'],
    [503, error('SlowDown'), 'SlowDown', 'so it goes'],
    [500, '<html>', 'UnknownError', 'the store answered with 500'],
    [404, error('x'.repeat(100_000)), 'UnknownError', 'the store answered with 404'],
  ])('that is answered with %i says why', async (status, body, name, message) => {
    const { text } = await open((_, response) => response.writeHead(status).end(body))
    await expect(text()).rejects.toMatchObject({ name, message, $metadata: { httpStatusCode: status } })
  })

  it('has content that is compared with its checksum where it is asked for', async () => {
    const { seen, text } = await open((_, response) => response.end('x'), { checksums: true })
    await text()
    expect(seen[0]?.headers['x-amz-checksum-mode']).toBe('ENABLED')
  })

  it('ends when nobody waits for its answer any more', async () => {
    const arrived = Promise.withResolvers<void>()
    const { direct, seen } = await open(() => arrived.resolve())
    const controller = new AbortController()
    const reason = new Error('gone')
    const asked = direct.ask(get, controller.signal)
    await arrived.promise
    controller.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await expect.poll(() => seen[0]?.socket.destroyed).toBe(true)
  })

  it('ends when nobody waits for the rest of its answer any more', async () => {
    const { direct, seen } = await open((_, response) => response.writeHead(200, { 'Content-Length': 10 }).write('x'))
    const controller = new AbortController()
    const reason = new Error('gone')
    const collected = (await direct.ask(get, controller.signal)).collect(1000)
    controller.abort(reason)
    await expect(collected).rejects.toBe(reason)
    await expect.poll(() => seen[0]?.socket.destroyed).toBe(true)
  })

  it('fails where the store shows no sign of life', async () => {
    const { text } = await open(() => {}, { timeoutMs: 100 })
    await expect(text()).rejects.toThrow('stalled')
  })
})

describe('a request with content', () => {
  const content = [Buffer.from('con'), Buffer.from('tent')]

  it('is sent again over another connection where the store has closed the one that was there, and says so', async () => {
    const told: string[] = []
    const { direct } = await open((request, response) => {
      let body = ''
      request.on('data', (text: Buffer) => (body += text.toString()))
      request.on('end', () => {
        told.push(body)
        // The second is done, and its answer is lost.
        if (told.length === 2) request.socket.destroy()
        else response.end()
      })
    })
    const onAgain = (): void => void told.push('again')
    const request = { method: 'PUT', key: 'k', headers: {}, content, onAgain } as const
    for (let count = 0; count < 2; count += 1) await (await direct.ask(request)).collect(0)
    expect(told).toEqual(['content', 'content', 'again', 'content'])
  })

  it('is answered by what comes after a hint to go on', async () => {
    const { direct } = await open((request, response) => {
      response.writeContinue()
      request.resume().on('end', () => setImmediate(() => response.writeHead(200, { ETag: '"tag"' }).end()))
    })
    for (let count = 0; count < 2; count += 1) {
      const answer = await direct.ask({ method: 'PUT', key: 'k', headers: {}, content })
      expect([answer.status, answer.header('etag')]).toEqual([200, '"tag"'])
      await answer.collect(0)
    }
  })
})

describe('a put', () => {
  const mark = 'the mark'
  const small = { chunks: [Buffer.from('con'), Buffer.from('tent')], size: 7 }
  const headers: ObjectHeaders = {
    ContentType: 'application/octet-stream',
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: 'arn:aws:kms:a:1:key/k',
    ACL: 'private',
    StorageClass: 'STANDARD_IA',
  }

  it.each([
    [true, undefined],
    [false, { IfMatch: '"tag"' }],
    [true, { IfNoneMatch: '*' }],
  ] as const)('says what the SDK would (checksums: %s, condition: %j)', async (checksums, condition) => {
    const { client, direct, seen } = await open((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { ETag: '"new"' }).end())
    })
    const attempt = { client, direct, options: {}, earlier: 0 }
    const large = { chunks: [Buffer.alloc(64 * 1024), Buffer.from('x')], size: 64 * 1024 + 1 }
    for (const piece of [small, large])
      expect(await putObject('driver-tests', attempt, { key: 'a b', piece, headers, checksums, mark, condition })).toBe(
        '"new"',
      )
    const said = seen.map(({ method, url, headers: all }) => {
      const names = Object.keys(all).filter((name) => /^(content-type|if-|x-amz-(acl|meta|server|storage))/.test(name))
      return { method, path: url?.split('?')[0], headers: Object.fromEntries(names.map((name) => [name, all[name]])) }
    })
    expect(said[0]).toEqual(said[1])
    expect(Object.keys(said[0]?.headers ?? {})).toHaveLength(condition === undefined ? 6 : 7)
    expect(seen.map((each) => each.headers['content-length'])).toEqual(['7', '65537'])
    expect(seen.map((each) => each.headers['x-amz-checksum-crc32'])).toEqual(
      [small, large].map((piece) => (checksums ? checksumOf(piece) : undefined)),
    )
  })

  it.each([
    ['an error', { ETag: '"tag"' }, '<Error><Code>InternalError</Code></Error>\n', 'InternalError'],
    ['no tag', {}, '', 'UnknownError'],
  ])('that is answered with 200 and %s is not done', async (_, head, body, name) => {
    const { client, direct } = await open((request, response) => {
      request.resume().on('end', () => response.writeHead(200, head).end(body))
    })
    const put = putObject(
      'driver-tests',
      { client, direct, options: {}, earlier: 0 },
      { key: 'k', piece: small, headers, checksums: false, mark },
    )
    await expect(put).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 503 } })
  })
})

describe('over TLS', () => {
  it('content comes whole, whatever its size', async () => {
    const content = Buffer.alloc(5 * 1024 * 1024, 'abcdefghijk')
    const { direct } = await open((_, response) => response.end(content), { secure: true, skipVerify: true })
    for (let count = 0; count < 2; count += 1) {
      const answer = await direct.ask(get)
      expect(content.equals(await answer.collect(content.byteLength))).toBe(true)
    }
  })

  it('nothing is asked of a store that cannot say who it is', async () => {
    const { text, seen } = await open((_, response) => response.end(), { secure: true })
    await expect(text()).rejects.toMatchObject({ cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
    expect(seen).toEqual([])
  })
})
