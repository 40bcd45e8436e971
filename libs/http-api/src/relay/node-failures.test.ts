import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type GatewaySetup, openGateway, ScriptedNode } from './relay-under-test.ts'

const path = '/v2/foo/blobs/uploads/1'
const blob = `/v2/foo/blobs/sha256:${'a'.repeat(64)}`
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'

type Act = Parameters<typeof ScriptedNode.open>[1]

/** A gateway in front of nodes that do as they are told. */
async function serve(acts: readonly Act[], setup?: GatewaySetup) {
  const nodes: ScriptedNode[] = []
  for (const act of acts) nodes.push(await ScriptedNode.open(onTestFinished, act))
  const addresses = nodes.map(({ address }) => address)
  return { ...(await openGateway(onTestFinished, addresses, setup)), nodes }
}

/** Answers the first request on each connection, and nothing after it. */
const answering =
  (answer: string): Act =>
  async (connection) => {
    await connection.until('\r\n\r\n')
    connection.write(answer)
  }

const dropping: Act = async (connection) => {
  await connection.until('\r\n\r\n')
  connection.destroy()
}

/** Answers every request without a body. */
const alwaysAnswering: Act = (connection, socket) => void socket.on('data', () => connection.write(ok))

const silent: Act = () => undefined

/** An address where nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return `127.0.0.1:${port}`
}

/** Makes the first node that is asked, whichever it is, act unlike those after it. */
function firstThen(first: Act, others: Act): Act[] {
  let isFirst = true
  const act: Act = (connection, socket) => {
    const chosen = isFirst ? first : others
    isFirst = false
    return chosen(connection, socket)
  }
  return [act, act]
}

const upload = (fields: string): string => `PATCH ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`

describe('a node that is not there', () => {
  it('is not missed, and not asked again at once', async () => {
    const node = await ScriptedNode.open(onTestFinished, alwaysAnswering)
    const { send, warnings } = await openGateway(onTestFinished, [await nobody(), node.address])
    for (let at = 0; at < 4; at++) expect(await (await send('GET', blob)).text()).toBe('ok')
    expect(warnings).toHaveLength(1)
  })

  it('is asked where there is no other', async () => {
    const { send, gateway } = await openGateway(onTestFinished, [await nobody(), await nobody()], {
      relay: { retryForMs: 100 },
    })
    for (let at = 0; at < 2; at++) {
      const answer = await send('PUT', `${path}?digest=x`, { body: 'hello' })
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
      expect(await answer.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] })
    }
    expect(gateway.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('the only node', () => {
  it('is waited for while it is started again', async () => {
    const address = await nobody()
    const { send, warnings } = await openGateway(onTestFinished, [address])
    const answer = send('PUT', path, { body: 'hello' })
    await expect.poll(() => warnings.length).toBe(1)
    await ScriptedNode.open(
      onTestFinished,
      async (connection) => {
        await connection.until('\r\n\r\n')
        await connection.write(goOn).until('hello')
        connection.write(ok)
      },
      Number(address.split(':')[1]),
    )
    expect((await answer).status).toBe(200)
  })

  it('is not waited for by a client that is gone', async () => {
    const { gateway, warnings } = await openGateway(onTestFinished, [await nobody()])
    const client = await gateway.connect()
    client.write(`GET ${blob} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await expect.poll(() => warnings.length).toBe(1)
    client.destroy()
    await gateway.close()
    expect(gateway.lines.filter(({ level }) => level !== 'debug').map(({ fields }) => fields['status'])).toEqual([499])
  })
})

describe('another node is asked where the first', () => {
  it.each<[string, Act]>([
    ['goes away before it answers', dropping],
    ['is not available', answering('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n')],
    ['stalls', silent],
    [
      'begins an answer of which no byte comes',
      async (connection) => {
        await connection.until('\r\n\r\n')
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n').socket.end()
      },
    ],
    ['answers in HTTP/1.0', answering('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok')],
    ['does not answer in HTTP', answering('hello\r\n\r\n')],
    ['says nothing of its end', answering('HTTP/1.1 200 OK\r\n\r\nok')],
    ['has two lengths', answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok')],
    ['has a length that is none', answering('HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok')],
    [
      'has a length and chunks',
      answering(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`),
    ],
    ['is encoded otherwise', answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n')],
    ['has a header over two lines', answering('HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 2\r\n\r\nok')],
    ['has a space before a colon', answering('HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok')],
    ['has a bare line feed', answering('HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok')],
    ['has a head without end', answering(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`)],
    ['has chunks that are none', answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n')],
    ['would switch protocols', answering('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
    ['waits for a body that there is not', answering(goOn)],
  ])('%s', async (_, act) => {
    const { send, warnings } = await serve(firstThen(act, answering(ok)), { settings: { stallTimeoutMs: 1000 } })
    const answer = await send('GET', blob)
    expect([answer.status, await answer.text()]).toEqual([200, 'ok'])
    expect(warnings).toHaveLength(1)
  })

  it('goes away before it takes a body', async () => {
    const taking: Act = async (connection) => {
      await connection.until('Expect: 100-continue')
      await connection.write(goOn).until('hello')
      connection.write(ok)
    }
    const { send, nodes } = await serve(firstThen(dropping, taking))
    expect((await send('PATCH', path, { body: 'hello' })).status).toBe(200)
    expect(nodes.flatMap(({ connections }) => connections.map(({ received }) => received.includes('hello')))).toContain(
      true,
    )
  })

  it('goes away when it has asked for a body, and nothing of it came', async () => {
    const gone = Promise.withResolvers<void>()
    const asking: Act = async (connection, socket) => {
      await connection.until('\r\n\r\n')
      connection.write(goOn)
      await gone.promise
      socket.resetAndDestroy()
    }
    const taking: Act = async (connection) => {
      await connection.until('\r\n\r\n')
      await connection.write(goOn).until('hello')
      connection.write(ok)
    }
    const { gateway, nodes } = await serve(firstThen(asking, taking))
    const client = await gateway.connect()
    client.write(upload('Content-Length: 5\r\nExpect: 100-continue'))
    await client.until(goOn)
    gone.resolve()
    await expect.poll(() => nodes.flatMap(({ connections }) => connections).length).toBe(2)
    expect(await client.write('hello').until('ok')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
    client.destroy()
  })
})

describe('a connection to a node', () => {
  it('that was closed when it was to be used again is no failure', async () => {
    const { send, warnings, nodes } = await serve([
      async (connection) => {
        await connection.until('\r\n\r\n')
        connection.write(ok)
        await once(connection.socket, 'data')
        connection.destroy()
      },
    ])
    for (let at = 0; at < 3; at++) expect(await (await send('GET', blob)).text()).toBe('ok')
    expect(warnings).toEqual([])
    expect(nodes[0]?.connections).toHaveLength(3)
  })

  it('is not used again after more than an answer', async () => {
    const { send, nodes } = await serve([answering(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)])
    for (let at = 0; at < 2; at++) expect(await (await send('GET', blob)).text()).toBe('ok')
    expect(nodes[0]?.connections).toHaveLength(2)
  })

  it('is not used again after HEAD brought a body', async () => {
    const { send, nodes } = await serve([answering(ok)])
    for (let at = 0; at < 2; at++) expect((await send('HEAD', blob)).headers.get('content-length')).toBe('2')
    expect(nodes[0]?.connections).toHaveLength(2)
  })

  it('carries many requests', async () => {
    const { send, nodes } = await serve([alwaysAnswering])
    for (let at = 0; at < 1000; at++) expect(await (await send('GET', blob)).text()).toBe('ok')
    expect(nodes[0]?.connections).toHaveLength(1)
  }, 30_000)
})

describe('a node that fails in the middle', () => {
  it('of a request is not followed by another: the client may try again', async () => {
    const { gateway, nodes } = await serve(
      firstThen(async (connection, socket) => {
        await connection.until('\r\n\r\n')
        await connection.write(goOn).until('hello')
        socket.resetAndDestroy()
      }, answering(ok)),
    )
    const client = await gateway.connect()
    client.write(upload('Content-Length: 1000000')).write('hello')
    expect(await client.until('UNAVAILABLE')).toMatch(/^HTTP\/1.1 503 [^]*\r\nRetry-After: 5\r\n/)
    expect(nodes.flatMap(({ connections }) => connections)).toHaveLength(1)
    client.destroy()
  })

  it('of its answer cuts the client off', async () => {
    const { gateway } = await serve([answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello')], {
      settings: { stallTimeoutMs: 1000 },
    })
    const client = await gateway.connect()
    expect(await client.write(`GET ${blob} HTTP/1.1\r\nHost: x\r\n\r\n`).ended()).toMatch(/\r\n\r\nhello$/)
  })

  it('of its chunks cuts the client off', async () => {
    const { gateway } = await serve([
      answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n'),
    ])
    const client = await gateway.connect()
    expect(await client.write(`GET ${blob} HTTP/1.1\r\nHost: x\r\n\r\n`).ended()).toMatch(/5\r\nhello\r\n$/)
  })
})

describe('the node with the fewest requests in flight', () => {
  it('is chosen', async () => {
    const released = Promise.withResolvers<void>()
    const holding: Act = async (connection) => {
      await connection.until('\r\n\r\n')
      await released.promise
      connection.write(ok)
    }
    const { send, nodes } = await serve([holding, holding])
    const counts = (): number[] => nodes.map(({ connections }) => connections.length)
    const answers = Array.from({ length: 6 }, () => send('GET', blob))
    await expect.poll(counts).toEqual([3, 3])
    released.resolve()
    for (const answer of answers) expect((await answer).status).toBe(200)
  })
})

describe('a node that is the gateway itself', () => {
  const throughTo =
    (port: () => number): Act =>
    (_, socket) => {
      const onward = connect(port(), '127.0.0.1')
      onward.on('error', () => socket.destroy())
      socket
        .on('close', () => onward.destroy())
        .pipe(onward)
        .pipe(socket)
    }

  it('is asked once, and the client is told why nothing is served', async () => {
    const { gateway, send, nodes } = await serve([throughTo(() => gateway.port)])
    const answer = await send('GET', blob)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ errors: [{ detail: { reason: 'a gateway is its own blob node' } }] })
    expect(nodes[0]?.connections).toHaveLength(1)
  })

  it('is told of through another gateway, too', async () => {
    const first: Awaited<ReturnType<typeof serve>> = await serve([throughTo(() => second.gateway.port)])
    const second = await serve([throughTo(() => first.gateway.port)])
    const answer = await first.send('PATCH', path, { body: 'hello' })
    expect(await answer.text()).toContain('a gateway is its own blob node')
    expect([first, second].map(({ nodes }) => nodes[0]?.connections.length)).toEqual([1, 1])
  })

  it('does not keep others from answering', async () => {
    const { gateway, send } = await serve([throughTo(() => gateway.port), alwaysAnswering])
    for (let at = 0; at < 4; at++) expect((await send('GET', blob)).status).toBe(200)
  })
})
