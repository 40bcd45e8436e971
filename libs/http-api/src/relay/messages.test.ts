import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseNodeAddress } from './node-address.ts'
import { type GatewaySetup, openGateway, ScriptedNode } from './relay-under-test.ts'

const path = '/v2/foo/blobs/uploads/1'
const blob = `/v2/foo/blobs/sha256:${'a'.repeat(64)}`
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'
const loopback = [{ address: '127.0.0.0', prefix: 8, family: 'ipv4' as const }]
const large = 64 * 1024 * 1024

/** A gateway in front of one node that does as it is told, and a connection to the gateway. */
async function serve(act: Parameters<typeof ScriptedNode.open>[1], setup?: GatewaySetup) {
  const node = await ScriptedNode.open(onTestFinished, act)
  const opened = await openGateway(onTestFinished, [node.address], setup)
  const client = await opened.gateway.connect()
  onTestFinished(() => client.destroy())
  return { ...opened, client, node }
}

const answering =
  (answer: string): Parameters<typeof ScriptedNode.open>[1] =>
  async (connection) => {
    await connection.until('\r\n\r\n')
    connection.write(answer)
  }

const get = (fields: string): string => `GET ${blob} HTTP/1.1\r\nHost: h:1\r\n${fields}\r\n`
const patch = (fields: string): string => `PATCH ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`

/** Writes as much as the other side takes. @returns the bytes that it took until it took no more for a while */
async function fill(socket: Socket, bytes: number): Promise<number> {
  const piece = Buffer.alloc(256 * 1024)
  let written = 0
  while (written < bytes) {
    written += piece.byteLength
    if (socket.write(piece)) continue
    const stuck = AbortSignal.timeout(400)
    const isStuck = await once(socket, 'drain', { signal: stuck }).then(
      () => false,
      () => true,
    )
    if (isStuck) break
  }
  return written
}

describe('the head of a request', () => {
  const sent = async (fields: string, setup?: GatewaySetup): Promise<string[]> => {
    const { client, node } = await serve(answering(ok), setup)
    await client.write(get(fields)).until('ok')
    return node.connections[0]?.received.split('\r\n') ?? []
  }

  it('is passed on, but for what is about the connection', async () => {
    const lines = await sent(
      'Range: bytes=0-1\r\nX-Twice: 1\r\nX-Twice: 2\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n' +
        'TE: trailers\r\nUpgrade: h2c\r\nProxy-Authorization: x\r\nAuthorization: y\r\n',
    )
    expect(lines[0]).toBe(`GET ${blob} HTTP/1.1`)
    expect(lines.filter((line) => !/^(?:X-Request-Id|X-Forwarded-For|Via): /.test(line)).slice(1)).toEqual([
      'Host: h:1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: h:1',
      'Range: bytes=0-1',
      'X-Twice: 1',
      'X-Twice: 2',
      'Authorization: y',
      '',
      '',
    ])
    expect(lines).toContain('X-Forwarded-For: 127.0.0.1')
  })

  it('says nothing of proxies that only the client knows of', async () => {
    const lines = await sent('Forwarded: host=evil\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 1.2.3.4\r\n')
    expect(lines.filter((line) => /evil|https|1\.2\.3\.4/.test(line))).toEqual([])
  })

  it('says what a trusted proxy says', async () => {
    const fields =
      'X-Forwarded-Host: real\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 1.2.3.4\r\nX-Request-Id: abc\r\n'
    const lines = await sent(fields, { settings: { trustedProxies: loopback } })
    expect(lines).toEqual(
      expect.arrayContaining([
        'X-Forwarded-Host: real',
        'X-Forwarded-Proto: https',
        'X-Forwarded-For: 1.2.3.4, 127.0.0.1',
        'X-Request-Id: abc',
      ]),
    )
    expect(lines.filter((line) => line.startsWith('X-Forwarded-'))).toHaveLength(3)
  })

  it.each([
    ['X-Forwarded-For: 10.9.9.9, 1.2.3.4:80, 127.0.0.2\r\n'],
    ['Forwarded: for=10.9.9.9, for="1.2.3.4:80", for=127.0.0.2\r\n'],
    ['X-Real-IP: 1.2.3.4\r\n'],
  ])('names the client as the gateway knows it, whichever header %j names it', async (fields) => {
    const lines = await sent(fields, { settings: { trustedProxies: loopback } })
    expect(lines).toContain('X-Forwarded-For: 1.2.3.4, 127.0.0.1')
    expect(lines.filter((line) => line.startsWith('X-Real-IP'))).toEqual([])
  })

  it('has a path, even where the client sent a whole URL', async () => {
    const { client, node } = await serve(answering(ok))
    await client.write(`GET http://h:1${blob}?x=1 HTTP/1.1\r\nHost: h:1\r\n\r\n`).until('ok')
    expect(node.connections[0]?.received).toMatch(new RegExp(`^GET ${blob}\\?x=1 HTTP/1.1\r\n`))
  })
})

describe('the body of a request', () => {
  it('of unknown length keeps its trailers, but for those that would change what it is', async () => {
    const { client, node } = await serve(async (connection) => {
      await connection.until('\r\n\r\n')
      await connection.write(goOn).until('hello\r\n0\r\n')
      connection.write(ok)
    })
    client.write(patch('Transfer-Encoding: chunked\r\nTrailer: X-Sum'))
    client.write('5\r\nhello\r\n0\r\nX-Sum: 1\r\nAuthorization: me\r\n\r\n')
    expect(await client.until('ok')).not.toContain('Continue')
    const received = node.connections[0]?.received ?? ''
    expect(received).toContain('\r\nTransfer-Encoding: chunked\r\n')
    expect(received).toMatch(/\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n$/)
  })

  it('is taken at the pace of the node', async () => {
    const slow = Promise.withResolvers<void>()
    const { client } = await serve(async (connection, socket) => {
      await connection.until('\r\n\r\n')
      socket.removeAllListeners('data').pause()
      socket.write(goOn)
      await slow.promise
      let size = 0
      socket.on('data', (chunk) => {
        size += chunk.byteLength
        if (size === large) socket.write(ok)
      })
      socket.resume()
    })
    client.write(patch(`Content-Length: ${large}`))
    const taken = await fill(client.socket, large)
    expect(taken).toBeLessThan(large / 2)
    slow.resolve()
    client.write(Buffer.alloc(large - taken))
    expect(await client.until('ok')).toMatch(/^HTTP\/1.1 200 OK/)
  })

  it('that is cut off is cut off for the node, after what there was of it', async () => {
    const { client, node } = await serve(async (connection) => {
      await connection.until('\r\n\r\n')
      connection.write(goOn)
    })
    client.write(patch('Content-Length: 10')).write('hello')
    await expect.poll(() => node.connections[0]?.received).toMatch(/hello$/)
    client.destroy()
    await expect.poll(() => node.connections[0]?.socket.readableEnded).toBe(true)
  })

  it('is not read on when the answer is early, which the client has at once', async () => {
    const { client } = await serve(async (connection) => {
      await connection.until('\r\n\r\n')
      await connection.write(goOn).until('hello')
      connection.write('HTTP/1.1 416 Range Not Satisfiable\r\nRange: 0-9\r\nContent-Length: 2\r\n\r\nno')
    })
    client.write(patch('Content-Length: 1000000')).write('hello')
    const answer = await client.until('\r\n\r\nno')
    expect(answer).toMatch(/^HTTP\/1.1 416 [^]*\r\nRange: 0-9\r\n/)
    expect(answer).toContain('Connection: close\r\n')
    await once(client.socket, 'end')
  })
})

describe('the body of an answer', () => {
  it('in chunks keeps its trailers', async () => {
    const { client } = await serve(
      answering(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2;x=y\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
      ),
    )
    const answer = await client.write(get('Connection: close\r\n')).ended()
    expect(answer).toContain('\r\nTransfer-Encoding: chunked\r\n')
    expect(answer).toMatch(/\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n$/)
  })

  it('in chunks is one without any to a client of HTTP/1.0', async () => {
    const { client } = await serve(
      answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    )
    expect(await client.write(`GET ${blob} HTTP/1.0\r\n\r\n`).ended()).toMatch(/\r\n\r\nok$/)
  })

  it('follows what is said in between', async () => {
    const { client } = await serve(answering(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}`))
    expect(await client.write(get('')).until('ok')).toMatch(/^HTTP\/1.1 200 OK/)
  })

  it('is taken at the pace of the client', async () => {
    const taken = Promise.withResolvers<number>()
    const pattern = Buffer.alloc(1_000_003, 'abcdefg')
    const count = 60
    const act = async (connection: { until(text: string): Promise<string> }, socket: Socket): Promise<void> => {
      await connection.until('\r\n\r\n')
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${count * pattern.length}\r\n\r\n`)
      let isStuck = false
      for (let at = 0; at < count; at++) {
        if (socket.write(pattern) || isStuck) continue
        const stuck = AbortSignal.timeout(400)
        isStuck = await once(socket, 'drain', { signal: stuck }).then(
          () => false,
          () => true,
        )
        if (isStuck) taken.resolve(at * pattern.length)
      }
      taken.resolve(count * pattern.length)
    }
    const { client } = await serve(act)
    client.socket.removeAllListeners('data')
    client.write(get('Connection: close\r\n'))
    client.socket.pause()
    expect(await taken.promise).toBeLessThan((count * pattern.length) / 2)
    const parts: Buffer[] = []
    client.socket.on('data', (chunk: Buffer) => void parts.push(chunk)).resume()
    await once(client.socket, 'close')
    const all = Buffer.concat(parts)
    const body = all.subarray(all.indexOf('\r\n\r\n') + 4)
    expect(body.equals(Buffer.concat(Array.from({ length: count }, () => pattern)))).toBe(true)
  })

  it('is not asked for any longer when the client is gone', async () => {
    const { client, node } = await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'))
    await client.write(get('')).until('hello')
    client.destroy()
    await expect.poll(() => node.connections[0]?.socket.readableEnded).toBe(true)
  })
})

describe('the address of a node', () => {
  it.each([
    ['node:5000', { host: 'node', port: 5000 }],
    ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ])('is %s', (text, address) => {
    expect(parseNodeAddress(text)).toEqual(address)
  })

  it.each(['node', 'node:', ':1', 'node:0', 'node:65536', 'http://node:1', '::1:1', 'node:1/'])('is not %j', (text) => {
    expect(() => parseNodeAddress(text)).toThrow('is not host:port')
  })
})
