import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { SendableBlobs } from '@berth/blobs'
import { parseDigest } from '@berth/digest'
import type { Tags } from '@berth/manifests'
import type { Upload } from '@berth/uploads'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { HttpApiSettings } from '../settings.ts'
import { type RawConnection, TestApi } from '../test-api.ts'
import { noBlobs, uploadsThat } from '../test-services.ts'

const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
const size = 16 * 1024 * 1024

const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`
const tagsOf = (name: string, fields = ''): string => get(`/v2/${name}/tags/list`, fields)
const patch = (fields: string): string => `PATCH /v2/foo/blobs/uploads/1 HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`

/** The statuses of all answers, in their order. */
const statuses = (text: string): string[] => text.match(/(?<=HTTP\/1.1 )\d+/g) ?? []
/** The names in all lists of tags, in their order. */
const names = (text: string): string[] => text.match(/(?<="name":")[^"]+/g) ?? []

/** An API whose answers for the repository `held` wait until they are let go, and what was begun on it. */
async function serve(settings: Partial<HttpApiSettings> = {}, served: Partial<SendableBlobs> = {}) {
  const begun: string[] = []
  const inFlight: number[] = [0]
  const refused: string[] = []
  const held = Promise.withResolvers<void>()
  const tags: Tags = {
    list: async (name) => {
      begun.push(name)
      if (name === 'held') await held.promise
      return { entries: [], hasMore: false }
    },
    delete: async () => undefined,
  }
  const uploads = uploadsThat(async (_, { content }): Promise<Upload> => {
    begun.push('upload')
    let offset = 0
    for await (const chunk of content) offset += chunk.byteLength
    return { id: '1', offset, state: 's' }
  })
  const blobs: SendableBlobs = { ...noBlobs, stat: async () => ({ mediaType: '', digest, size }), ...served }
  const api = await TestApi.open({
    services: { tags, uploads, blobs },
    settings,
    metrics: {
      inFlight: (_, change) => void inFlight.push((inFlight.at(-1) ?? 0) + change),
      observe: () => undefined,
      refused: (reason) => void refused.push(reason),
      certificateExpires: () => undefined,
    },
  })
  onTestFinished(async () => {
    held.resolve()
    await api.close()
  })
  const connect = async (): Promise<RawConnection> => {
    const connection = await api.connect()
    onTestFinished(() => connection.destroy())
    return connection
  }
  return { api, begun, inFlight, refused, held, connect }
}

/** Resolves once Node has parsed `count` more requests, of all servers together. */
function whenParsed(count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let parsed = 0
  const onRequest = (): void => {
    if (++parsed === count) resolve()
  }
  subscribe('http.server.request.start', onRequest)
  onTestFinished(() => void unsubscribe('http.server.request.start', onRequest))
  return promise
}

/** Counts the requests that Node has parsed, of all servers. */
function countParsed(): { readonly count: number } {
  const parsed = { count: 0 }
  const onRequest = (): void => void parsed.count++
  subscribe('http.server.request.start', onRequest)
  onTestFinished(() => void unsubscribe('http.server.request.start', onRequest))
  return parsed
}

describe('pipelined requests', () => {
  it('are begun one after the other, and nothing is counted or logged for those that wait', async () => {
    const { api, begun, inFlight, held, connect } = await serve()
    const parsed = countParsed()
    const connection = await connect()
    connection.write(tagsOf('held') + tagsOf('b') + tagsOf('c'))
    await expect.poll(() => parsed.count).toBe(3)
    await (await connect()).write(tagsOf('other')).until('other')
    expect(begun).toEqual(['held', 'other'])
    held.resolve()
    expect(names(await connection.until('"c"'))).toEqual(['held', 'b', 'c'])
    expect(Math.max(...inFlight)).toBe(2)
    await expect.poll(() => inFlight.at(-1)).toBe(0)
    expect(api.lines.map(({ fields }) => fields['repository'])).toEqual(['other', 'held', 'b', 'c'])
  })

  it('are all answered in their order, however many come', async () => {
    const { connect } = await serve()
    const connection = await connect()
    const all = Array.from({ length: 2000 }, (_, at) => `repository${at}`)
    connection.write(all.map((name) => tagsOf(name)).join(''))
    expect(names(await connection.until(`"${all.at(-1)}"`))).toEqual(all)
  })

  it('are read no further than one read while one is being served', async () => {
    const { begun, held, connect } = await serve()
    const parsed = countParsed()
    const connection = await connect()
    const count = 30_000
    const isSent = new Promise<void>((sent) => connection.socket.write(tagsOf('held').repeat(count), () => sent()))
    await expect.poll(() => parsed.count).toBeGreaterThan(1000)
    // All that could be read in the meantime would have been: others are served again and again.
    for (let at = 0; at < 20; at++) await (await connect()).write(tagsOf('other')).until('other')
    expect(parsed.count).toBeLessThan(2000)
    expect(begun.filter((name) => name === 'held')).toHaveLength(1)
    held.resolve()
    connection.socket.removeAllListeners('data')
    let received = 0
    connection.socket.on(
      'data',
      (chunk: Buffer) => (received += chunk.toString('latin1').split('HTTP/1.1 ').length - 1),
    )
    await isSent
    await expect.poll(() => received, { timeout: 30_000 }).toBeGreaterThan(count - 3)
  }, 40_000)

  it('leave the others their turns', async () => {
    const { begun, connect } = await serve()
    const [many, one] = [await connect(), await connect()]
    const areParsed = whenParsed(1000)
    many.write(tagsOf('many').repeat(1000))
    await areParsed
    await one.write(tagsOf('one')).until('"one"')
    expect(begun.indexOf('one')).toBeLessThan(900)
    await expect.poll(() => statuses(many.received)).toHaveLength(1000)
  })

  it('wait until the work for the one before has ended, though its answer is out', async () => {
    const rest = Promise.withResolvers<void>()
    const { begun, connect } = await serve(
      {},
      {
        sendTo: async (_repository, _digest, _range, target) => {
          target.write(Buffer.alloc(size))
          ;(target as NodeJS.WritableStream).end()
          await rest.promise
        },
      },
    )
    const connection = await connect()
    connection.write(get(`/v2/foo/blobs/${digest}`) + tagsOf('next'))
    while (connection.received.length < size) await once(connection.socket, 'data')
    await (await connect()).write(tagsOf('other')).until('other')
    expect(begun).toEqual(['other'])
    rest.resolve()
    await connection.until('"next"')
  })

  it('may have bodies', async () => {
    const { held, connect } = await serve()
    const connection = await connect()
    const body = 'x'.repeat(1_000_000)
    connection.write(tagsOf('held'))
    connection.write(`${patch('Content-Length: 1000000')}${body}${tagsOf('a')}`)
    connection.write(`${patch('Transfer-Encoding: chunked')}F4240\r\n${body}\r\n0\r\n\r\n${tagsOf('b')}`)
    held.resolve()
    const text = await connection.until('"b"')
    expect(statuses(text)).toEqual(['200', '202', '200', '202', '200'])
    expect(text.match(/Range: 0-999999/g)).toHaveLength(2)
  })

  it('are told to continue in their turn', async () => {
    const { held, connect } = await serve()
    const parsed = countParsed()
    const connection = await connect()
    connection.write(tagsOf('held') + patch('Content-Length: 5\r\nExpect: 100-continue'))
    await expect.poll(() => parsed.count).toBe(2)
    expect(connection.received).toBe('')
    held.resolve()
    await connection.until('100 Continue')
    expect(statuses(await connection.write('hello').until(' 202 '))).toEqual(['200', '100', '202'])
  })

  it.each([
    ['asks to close', tagsOf('last', 'Connection: close\r\n') + tagsOf('never')],
    ['is of HTTP/1.0', tagsOf('last').replace('HTTP/1.1', 'HTTP/1.0') + tagsOf('never')],
  ])('are answered up to one that %s', async (_, sent) => {
    const { begun, held, connect } = await serve()
    const connection = await connect()
    connection.write(tagsOf('held') + sent)
    held.resolve()
    expect(names(await connection.ended())).toEqual(['held', 'last'])
    expect(begun).toEqual(['held', 'last'])
  })

  it.each([
    ['is malformed', 'nonsense\r\n\r\n', '400'],
    ['has no Host', 'GET /v2/a/tags/list HTTP/1.1\r\n\r\n', '400'],
    ['has too large a head', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}`, '431'],
    ['has a malformed body', `${patch('Transfer-Encoding: chunked')}5\r\nhello\r\nnonsense\r\n`, '400'],
  ])('are answered before the connection ends with one that %s', async (_, sent, status) => {
    const { held, connect } = await serve()
    const connection = await connect()
    connection.write(tagsOf('held') + tagsOf('a') + sent)
    held.resolve()
    expect(statuses(await connection.ended())).toEqual(['200', '200', status])
  })

  it('are answered before one that is malformed, though nothing waits between them', async () => {
    const { held, refused, connect } = await serve()
    const connection = await connect()
    connection.write(`${tagsOf('held')}nonsense\r\n\r\n`)
    await expect.poll(() => refused).toEqual(['malformed'])
    held.resolve()
    expect(statuses(await connection.ended())).toEqual(['200', '400'])
  })

  it('may wait for longer than a head may take, though the last head is half read', async () => {
    const { held, connect } = await serve({ headTimeoutMs: 50 })
    const [connection, late] = [await connect(), await connect()]
    connection.write(tagsOf('held') + tagsOf('a') + tagsOf('b').slice(0, 20))
    late.write(tagsOf('b').slice(0, 20))
    expect(statuses(await late.ended())).toEqual(['408'])
    held.resolve()
    await connection.until('"a"')
    connection.write(tagsOf('b').slice(20))
    expect(names(await connection.until('"b"'))).toEqual(['held', 'a', 'b'])
  })

  it('end where the last head does not come after all', async () => {
    const { held, connect } = await serve({ headTimeoutMs: 50 })
    const [connection, late] = [await connect(), await connect()]
    connection.write(tagsOf('held') + tagsOf('a') + tagsOf('b').slice(0, 20))
    late.write(tagsOf('b').slice(0, 20))
    await late.ended()
    held.resolve()
    expect(statuses(await connection.ended())).toEqual(['200', '200', '408'])
  })

  it('of a client that does not read end with the stall time, and so does the work for the one begun', async () => {
    const ended = Promise.withResolvers<unknown>()
    let sending = 0
    const { api, connect } = await serve(
      { stallTimeoutMs: 50 },
      {
        sendTo: async (_repository, _digest, _range, target, signal) => {
          sending++
          signal?.addEventListener('abort', () => ended.resolve(signal.reason))
          while (!signal?.aborted) if (!target.write(Buffer.alloc(1024 * 1024))) await once(target, 'drain', { signal })
        },
      },
    )
    const connection = await connect()
    connection.socket.pause()
    connection.write(get(`/v2/foo/blobs/${digest}`).repeat(500))
    expect(await ended.promise).toMatchObject({ name: 'ClientGoneError' })
    expect(sending).toBe(1)
    await api.close()
    expect(api.lines.filter(({ message }) => message === 'request served')).toMatchObject([
      { fields: { stalled: true } },
    ])
  })

  it('that wait take a bounded amount of memory: the connection that has most of them ends, and no other', async () => {
    const { held, refused, connect } = await serve()
    const modest = await connect()
    modest.write(tagsOf('held') + tagsOf('a') + tagsOf('b'))
    const greedy = await Promise.all(Array.from({ length: 30 }, connect))
    for (const each of greedy) each.write(tagsOf('held') + get('/').repeat(3000))
    await Promise.race(greedy.map((each) => each.ended()))
    expect(refused).toContain('pipelined too much')
    expect(modest.socket.closed).toBe(false)
    held.resolve()
    expect(names(await modest.until('"b"'))).toEqual(['held', 'a', 'b'])
  })

  it('that wait are dropped when the server closes, and the one begun is answered', async () => {
    const { api, begun, held, connect } = await serve({ lingerTimeoutMs: 60_000 })
    const parsed = countParsed()
    const connection = await connect()
    connection.write(tagsOf('held') + tagsOf('a') + tagsOf('b'))
    await expect.poll(() => parsed.count).toBe(3)
    const closed = api.server.close(60_000)
    held.resolve()
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 200 [^]*\r\nConnection: close\r\n/)
    await closed
    expect(begun).toEqual(['held'])
  })

  it('of a client that goes away are dropped', async () => {
    const { begun, held, inFlight, connect } = await serve()
    const parsed = countParsed()
    const connection = await connect()
    connection.write(tagsOf('held') + tagsOf('a'))
    await expect.poll(() => parsed.count).toBe(2)
    connection.socket.resetAndDestroy()
    held.resolve()
    await expect.poll(() => inFlight.at(-1)).toBe(0)
    expect(begun).toEqual(['held'])
  })
})
