import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SendableBlobs } from '@berth/blobs'
import type { ByteStream } from '@berth/bytes'
import { parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { Chunk, Upload } from '@berth/uploads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpApiServer } from '../http-api-server.ts'
import type { HttpApiSettings } from '../settings.ts'
import { testSettings } from '../test-settings.ts'
import { type RawConnection, TestApi } from '../test-api.ts'
import { noBlobs, uploadsThat } from '../test-services.ts'

const path = '/v2/foo/blobs/uploads/1'
const head = (fields: string): string => `PATCH ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`

/** What a test does with a chunk. */
type Append = (content: ByteStream, chunk: Chunk, signal: AbortSignal) => Promise<Upload>

const received = (size: number): Upload => ({ id: '1', offset: size, state: 's' })

async function sizeOf(content: ByteStream): Promise<number> {
  let size = 0
  for await (const chunk of content) size += chunk.byteLength
  return size
}

async function serve(
  append: Append,
  settings: Partial<HttpApiSettings> = {},
): Promise<{ api: TestApi; connection: RawConnection }> {
  const uploads = uploadsThat((_, chunk, signal) => append(chunk.content, chunk, signal as AbortSignal))
  const api = await TestApi.open({ services: { blobs: noBlobs, uploads }, settings })
  onTestFinished(() => api.close())
  const connection = await api.connect()
  onTestFinished(() => connection.destroy())
  return { api, connection }
}

describe('a body', () => {
  it.each(['Content-Length: 5\r\n\r\nhello', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0'])(
    'is read to its end: %j',
    async (sent) => {
      const { connection } = await serve(async (content) => received(await sizeOf(content)))
      connection.write(head(sent))
      expect(await connection.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 202 [^]*\r\nRange: 0-4\r\n/)
    },
  )

  it('is read in many pieces, however slowly they are taken', async () => {
    const { api } = await serve(async (content) => {
      let size = 0
      for await (const chunk of content) {
        await new Promise(setImmediate)
        size += chunk.byteLength
      }
      return received(size)
    })
    const { headers } = await api.send('PATCH', path, { body: Buffer.alloc(3_000_001) })
    expect(headers['range']).toBe('0-3000000')
  })

  it('that is not sent yields nothing', async () => {
    const { connection } = await serve(async (content) => received(await sizeOf(content)))
    connection.write(head('X: y'))
    expect(await connection.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 202 /)
  })

  it('that is not read is no request of its own', async () => {
    const { connection } = await serve(async () => received(1))
    connection.write(head('Content-Length: 28') + 'GET /v2/ HTTP/1.1\r\nHost: y\r\n\r\n'.slice(0, 28))
    await connection.until('202')
    connection.write('GET /v2/foo%zz/tags/list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const all = await connection.ended()
    expect(all.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 404'])
  })

  it('that is cut off throws, and the client is logged as gone', async () => {
    const failure = Promise.withResolvers<unknown>()
    const { api, connection } = await serve(async (content, _, signal) => {
      await sizeOf(content).catch((error: unknown) => failure.resolve([error, signal.aborted]))
      throw new Error('cannot go on')
    })
    connection.write(head('Content-Length: 10') + 'hello')
    connection.socket.end(() => connection.destroy())
    expect(await failure.promise).toMatchObject([{ name: 'ClientGoneError' }, expect.any(Boolean)])
    await api.close()
    expect(api.lines).toContainEqual(
      expect.objectContaining({ level: 'info', fields: expect.objectContaining({ status: 499, received: 5 }) }),
    )
    expect(api.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('that stalls is cut off', async () => {
    const { connection } = await serve(async (content) => received(await sizeOf(content)), { stallTimeoutMs: 50 })
    connection.write(head('Content-Length: 10') + 'hello')
    expect(await connection.ended()).toBe('')
  })

  it('whose reader takes its time is not cut off for it', async () => {
    const late = Promise.withResolvers<void>()
    let count = 0
    const { api, connection } = await serve(
      async (content) => {
        if (count++ === 0) await late.promise
        return received(await sizeOf(content))
      },
      { stallTimeoutMs: 20 },
    )
    connection.write(head('Content-Length: 5') + 'hello')
    while (count < 1) await new Promise(setImmediate)
    // It stalls for the same time, beginning later.
    const stalled = await api.connect()
    stalled.write(head('Content-Length: 10') + 'hello')
    expect(await stalled.ended()).toBe('')
    late.resolve()
    expect(await connection.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 202 /)
  })
})

describe('a client that waits for 100 Continue', () => {
  const expecting = head('Content-Length: 5\r\nExpect: 100-continue')

  it('is told to go on when the body is wanted', async () => {
    const { connection } = await serve(async (content) => received(await sizeOf(content)))
    connection.write(expecting)
    expect(await connection.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    connection.write('hello')
    expect(await connection.until('202 Accepted')).toContain('Continue\r\n\r\nHTTP/1.1 202')
  })

  it('is told at once when it is not', async () => {
    const { connection } = await serve(async () => {
      throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { upload: '1' })
    })
    connection.write(expecting)
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 404 [^]*\r\nConnection: close\r\n[^]*BLOB_UPLOAD_UNKNOWN/)
  })

  it('for anything else is refused', async () => {
    const { connection } = await serve(async () => received(0))
    connection.write(head('Content-Length: 5\r\nExpect: a-miracle'))
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 417 Expectation Failed\r\n/)
  })
})

describe('a refusal', () => {
  const refusing = async (): Promise<Upload> => {
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { upload: '1' })
  }

  it('reaches a client that goes on sending', async () => {
    const { api } = await serve(refusing)
    const outgoing = request({ host: '127.0.0.1', port: api.port, method: 'PATCH', path, agent: false })
    const answer = new Promise<string>((resolve, reject) => {
      outgoing.on('error', reject)
      outgoing.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve(`${response.statusCode} ${text}`))
      })
    })
    const piece = Buffer.alloc(256 * 1024)
    const isAnswered = answer.then(() => true)
    for (let done = false; !done;) {
      const isFull = !outgoing.write(piece)
      done = await Promise.race([isAnswered, isFull ? once(outgoing, 'drain').then(() => false) : false])
    }
    expect(await answer).toMatch(/^404 .*BLOB_UPLOAD_UNKNOWN/)
    outgoing.destroy()
  })

  it('reaches a client that only reads when it has sent all', async () => {
    const { connection } = await serve(refusing)
    connection.socket.pause()
    connection.write(head('Content-Length: 16777216'))
    await new Promise<void>((sent) => connection.socket.write(Buffer.alloc(16_777_216), () => sent()))
    connection.socket.resume()
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 404 [^]*BLOB_UPLOAD_UNKNOWN/)
  })

  it.each([
    ['a refusal', refusing],
    ['an answer that needs no body', async () => received(0)],
  ])('is all there is: who goes on and on after %s is cut off', async (_, append) => {
    const { api } = await serve(append)
    const connection = await api.connect({ allowHalfOpen: true })
    connection.write(head('Content-Length: 1000000000000'))
    const piece = Buffer.alloc(1024 * 1024)
    let sent = 0
    for (; !connection.socket.destroyed && sent < 500; sent++)
      await new Promise<void>((done) => connection.socket.write(piece, () => done()))
    expect(sent).toBeLessThan(500)
    expect(sent).toBeGreaterThan(16)
  })

  it('of a short body keeps the connection', async () => {
    const { connection } = await serve(refusing)
    connection.write(head('Content-Length: 5'))
    await connection.until('BLOB_UPLOAD_UNKNOWN')
    connection.write('hello' + head('Content-Length: 0\r\nConnection: close'))
    expect((await connection.ended()).match(/HTTP\/1.1 404/g)).toHaveLength(2)
  })

  it('does not end what goes before it on its connection', async () => {
    const first = Promise.withResolvers<Upload>()
    let count = 0
    const { connection } = await serve(async () => (count++ === 0 ? first.promise : refusing()))
    connection.write(head('Content-Length: 0') + head('Content-Length: 1000000'))
    while (count < 1) await new Promise(setImmediate)
    first.resolve(received(1))
    expect(await connection.until('UNKNOWN')).toMatch(/^HTTP\/1.1 202 [^]*HTTP\/1.1 404 /)
  })

  it('while a body is half read does not wait for the rest', async () => {
    const { connection } = await serve(async (content) => {
      for await (const chunk of content) throw new RegistryError('SIZE_INVALID', { limit: chunk.byteLength })
      return received(0)
    })
    connection.write(head('Content-Length: 1000000') + 'hello')
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 413 [^]*\r\nConnection: close\r\n[^]*SIZE_INVALID/)
  })
})

describe('a connection', () => {
  it.each([
    ['both lengths', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6'],
    ['a length that is none', 'Content-Length: 5x'],
    ['a negative length', 'Content-Length: -5'],
    ['a length beyond any', `Content-Length: ${'9'.repeat(30)}`],
    ['an encoding after chunked', 'Transfer-Encoding: chunked, gzip'],
    ['chunked with a blank before the colon', 'Transfer-Encoding : chunked'],
    ['a header without a name', ': x'],
    ['a header on two lines', 'X: a\r\n b: c\r\n\tContent-Length: 5'],
    ['a bare line feed', 'X: a\nContent-Length: 5'],
    ['a NUL', 'X: a\u0000b'],
  ])('with %s is answered 400, or as if it were not there, and closed', async (_, fields) => {
    const { api, connection } = await serve(async (content) => received(await sizeOf(content)))
    connection.write(`${head(fields)}0\r\n\r\n`)
    expect(await connection.ended()).toMatch(
      /^HTTP\/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n$/,
    )
    expect(api.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it.each([
    'hello\r\n\r\n',
    'GET /v2/ HTTP/9.9\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000',
    'BREW /v2/ HTTP/1.1\r\n\r\n',
  ])('on which comes %j is answered 400 and closed', async (sent) => {
    const { connection } = await serve(async () => received(0))
    connection.write(Buffer.from(sent, 'latin1'))
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
  })

  it('whose body turns out not to be HTTP is closed, and its reader told', async () => {
    const failure = Promise.withResolvers<unknown>()
    const { connection } = await serve(async (content) => {
      await sizeOf(content).catch(failure.resolve)
      throw new Error('cannot go on')
    })
    connection.write(head('Transfer-Encoding: chunked') + '5\r\nhello\r\nnonsense\r\n')
    expect(await connection.ended()).toMatch(/^(HTTP\/1.1 400 Bad Request\r\n[^]*)?$/)
    expect(await failure.promise).toMatchObject({ name: 'ClientGoneError' })
  })

  it('with an endless head is answered 431, which reaches a client that goes on sending', async () => {
    const { connection } = await serve(async () => received(0))
    connection.socket.pause()
    connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ')
    await new Promise<void>((sent) => connection.socket.write(Buffer.alloc(16_777_216, 'x'), () => sent()))
    connection.socket.resume()
    const [head, body] = (await connection.ended()).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1.1 431 Request Header Fields Too Large\r\n[^]*Content-Type: application\/json\r\n/)
    expect(JSON.parse(body as string)).toEqual({
      errors: [
        {
          code: 'SIZE_INVALID',
          message: 'the head of the request is larger than allowed',
          detail: { limit: 65_536, of: 'head' },
        },
      ],
    })
  })

  it('with a head that is as large as allowed is answered', async () => {
    const { connection } = await serve(async () => received(0), { headMaxSize: 10_000 })
    const start = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: '
    connection.write(`${start}${'x'.repeat(9_900 - start.length)}\r\n\r\n`)
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 200 /)
  })

  it.each([
    ['/v2/foo/blobs/uploads/1?_state=', 'x'],
    ['/v2/', 'a/'],
    ['/v2/foo/tags/list?', 'n=1&'],
  ])('is answered 414 where the URL is too long: %s', async (start, rest) => {
    const { api } = await serve(async () => received(0), { urlMaxLength: 2000 })
    const url = (length: number): string => start + rest.repeat(length).slice(0, length - start.length)
    expect(await api.send('GET', url(2001))).toMatchObject({
      status: 414,
      text: expect.stringContaining('"code":"SIZE_INVALID","message":"the URL is longer than allowed"'),
    })
    expect((await api.send('GET', url(2000))).status).not.toBe(414)
  })

  it('with as many headers as allowed loses none of them', async () => {
    const { connection } = await serve(async (content) => received(await sizeOf(content)))
    connection.write(head(`${'a:\r\n'.repeat(253)}Expect: 100-continue\r\nContent-Length: 5`))
    expect(await connection.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    connection.write('hello')
    expect(await connection.until('202 Accepted')).toContain('202')
  })

  it.each(['', 'Content-Length: 1000000\r\n'])('with more headers than allowed is answered 431: %j', async (fields) => {
    const { connection } = await serve(async () => received(0))
    connection.write(head(`${'a:\r\n'.repeat(257)}${fields}Connection: close`))
    const [first, body] = (await connection.ended()).split('\r\n\r\n')
    expect(first).toMatch(/^HTTP\/1.1 431 Request Header Fields Too Large\r\n[^]*Content-Type: application\/json\r\n/)
    expect(JSON.parse(body as string)).toEqual({
      errors: [
        {
          code: 'SIZE_INVALID',
          message: 'the request has more headers than allowed',
          detail: { limit: 256, of: 'headers' },
        },
      ],
    })
  })

  it('that is turned away is counted, by why', async () => {
    const refused: string[] = []
    const ignore = (): void => undefined
    const metrics = {
      inFlight: ignore,
      observe: ignore,
      certificateExpires: ignore,
      refused: (why: string) => refused.push(why),
    }
    const open = async (settings: Partial<HttpApiSettings>): Promise<TestApi> => {
      const api = await TestApi.open({ settings, metrics })
      onTestFinished(() => api.close())
      return api
    }
    const [patient, hasty] = [await open({ urlMaxLength: 2000 }), await open({ headTimeoutMs: 50 })]
    const told = async (text: string, api = patient): Promise<void> => {
      const connection = await api.connect()
      connection.write(text)
      await connection.ended()
    }
    await told('hello\r\n\r\n')
    await told(`GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`)
    await told(`GET /${'x'.repeat(2000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    await told('GET / HT', hasty)
    await told(`GET / HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(257)}Connection: close\r\n\r\n`)
    expect(refused).toEqual(['malformed', 'head too large', 'URL too long', 'head too slow', 'too many headers'])
  })

  it('whose head does not come is answered 408', async () => {
    const { connection } = await serve(async () => received(0), { headTimeoutMs: 50 })
    connection.write('GET /v2/ HTTP/1.1\r\n')
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 408 /)
  })

  it('without a Host is refused', async () => {
    const { connection } = await serve(async () => received(0))
    connection.write('GET /v2/ HTTP/1.1\r\n\r\n')
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 400 /)
  })

  it('that is idle is closed after a while', async () => {
    const { connection } = await serve(async () => received(0), { keepAliveTimeoutMs: 10 })
    connection.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 200 /)
  })

  it('serves pipelined requests in their order', async () => {
    const { connection } = await serve(async (content) => received(await sizeOf(content)))
    const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    connection.write(
      `${head('Content-Length: 5')}hello${get}${get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`,
    )
    expect((await connection.ended()).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 200', 'HTTP/1.1 200'])
  })
})

describe('a client that does not take its response', () => {
  it('is cut off, and whoever sends is told', async () => {
    const told = Promise.withResolvers<unknown>()
    const size = 64 * 1024 * 1024
    const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
    const blobs: SendableBlobs = {
      ...noBlobs,
      stat: async () => ({ mediaType: '', digest, size }),
      sendTo: async (_repository, _digest, _range, target, signal) => {
        const piece = Buffer.alloc(1024 * 1024)
        signal?.addEventListener('abort', () => told.resolve(signal.reason))
        for (let sent = 0; sent < size; sent += piece.byteLength)
          if (!target.write(piece)) await once(target, 'drain', { signal: signal as AbortSignal })
      },
    }
    const api = await TestApi.open({ services: { blobs }, settings: { stallTimeoutMs: 50 } })
    onTestFinished(() => api.close())
    const connection = await api.connect()
    connection.socket.pause()
    connection.write(`GET /v2/foo/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(await told.promise).toMatchObject({ name: 'ClientGoneError' })
    await api.close()
    expect(api.lines).toMatchObject([
      { level: 'info', fields: { status: 499, stalled: true } },
      { level: 'debug', message: 'request cut off' },
    ])
    connection.destroy()
  })
})

describe('closing', () => {
  it('lets a request finish, and ends its connection with it', async () => {
    const started = Promise.withResolvers<void>()
    const { api, connection } = await serve(async (content) => {
      started.resolve()
      return received(await sizeOf(content))
    })
    const idle = await api.connect()
    connection.write(head('Content-Length: 5'))
    await started.promise
    const closed = api.server.close(10_000)
    expect(await idle.ended()).toBe('')
    await expect(api.connect()).rejects.toThrow('ECONNREFUSED')
    connection.write('hello')
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 202 [^]*\r\nConnection: close\r\n/)
    await closed
  })

  it('cuts off what does not finish in time', async () => {
    const started = Promise.withResolvers<void>()
    const { api, connection } = await serve(async (content) => {
      started.resolve()
      return received(await sizeOf(content))
    })
    connection.write(head('Content-Length: 5'))
    await started.promise
    await api.server.close(20)
    expect(await connection.ended()).toBe('')
  })

  it('waits for work whose client is gone', async () => {
    const work = Promise.withResolvers<Upload>()
    let count = 0
    const { api, connection } = await serve(async (content) => {
      if (count++ === 0) return work.promise
      return received(await sizeOf(content))
    })
    connection.write(head('Content-Length: 0'))
    while (count < 1) await new Promise(setImmediate)
    connection.destroy()
    const stalled = await api.connect()
    stalled.write(head('Content-Length: 5'))
    while (count < 2) await new Promise(setImmediate)
    let isClosed = false
    const closed = api.server.close(10).then(() => (isClosed = true))
    // By then there is no time left for requests in flight.
    expect(await stalled.ended()).toBe('')
    expect(isClosed).toBe(false)
    work.resolve(received(0))
    await closed
  })

  it('answers what is on its way on a connection that was kept, and ends the connection with the answer', async () => {
    const { api, connection } = await serve(async () => received(1), { lingerTimeoutMs: 60_000 })
    connection.write(head('Content-Length: 0'))
    await connection.until('202')
    const unused = await api.connect()
    const closed = api.server.close(60_000)
    await expect(api.connect()).rejects.toThrow('ECONNREFUSED')
    for (const each of [connection, unused]) {
      each.write(head('Content-Length: 0'))
      expect(await each.ended()).toMatch(/HTTP\/1.1 202 [^]*\r\nConnection: close\r\n[^]*$/)
    }
    await closed
  })

  it('answers what follows an answer that had promised that the connection lives on', async () => {
    const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
    const rest = Promise.withResolvers<void>()
    const blobs: SendableBlobs = {
      ...noBlobs,
      stat: async () => ({ mediaType: '', digest, size: 2 }),
      sendTo: async (_repository, _digest, _range, target) => {
        target.write('1')
        await rest.promise
        target.write('2')
      },
    }
    const api = await TestApi.open({ services: { blobs }, settings: { lingerTimeoutMs: 60_000 } })
    onTestFinished(() => api.close())
    const connection = await api.connect()
    connection.write(`GET /v2/foo/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(await connection.until('\r\n\r\n1')).not.toContain('Connection: close')
    const closed = api.server.close(60_000)
    rest.resolve()
    await connection.until('\r\n\r\n12')
    connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await connection.ended()).toMatch(/12HTTP\/1.1 200 [^]*\r\nConnection: close\r\n/)
    await closed
  })
})

describe('a Unix socket', () => {
  async function socketPath(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'http-api-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    return join(folder, 'registry.sock')
  }

  function getBase(socketPath: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, path: '/v2/', agent: false })
      outgoing.on('error', reject)
      outgoing.on('response', (response) => resolve(response.resume().statusCode))
      outgoing.end()
    })
  }

  const open = async (path: string): Promise<HttpApiServer> => {
    const own = new HttpApiServer({
      services: {},
      settings: testSettings,
      log: { ...console, isLevelEnabled: () => false },
    })
    await own.listen({ path })
    onTestFinished(() => own.close(1000))
    return own
  }

  it('is listened on', async () => {
    const path = await socketPath()
    await open(path)
    expect(await getBase(path)).toBe(200)
  })

  it('that a dead process left behind is replaced', async () => {
    const path = await socketPath()
    const server = createServer().listen(path)
    await new Promise((ready) => server.once('listening', ready))
    // A rename away and back keeps the file when the server that closes removes its own.
    await rename(path, `${path}.old`)
    await new Promise((done) => server.close(done))
    await rename(`${path}.old`, path)
    await open(path)
    expect(await getBase(path)).toBe(200)
  })

  it('that somebody listens on is left to them', async () => {
    const path = await socketPath()
    await open(path)
    await expect(open(path)).rejects.toThrow('EADDRINUSE')
    expect(await getBase(path)).toBe(200)
  })

  it('does not replace a file', async () => {
    const path = await socketPath()
    await writeFile(path, 'precious')
    await expect(open(path)).rejects.toThrow('EADDRINUSE')
  })
})
