// The attackers' process: it attacks the registry on the port that it is given, from one loopback address, until its
// parent disconnects. A connection that the registry closes is opened again after a pause, so that it is never idle.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const host = '127.0.0.1'
const localAddress = '127.0.0.66'
const port = Number(process.argv[2])
const pauseMs = 200
const repository = 'attacker/blobs'

const stop = new AbortController()
process.once('disconnect', () => {
  stop.abort()
  process.exit()
})

const blob = randomBytes(16 * 1024 * 1024)
const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
const pushed = await fetch(`http://${host}:${port}/v2/${repository}/blobs/uploads/?digest=${digest}`, {
  method: 'POST',
  body: blob,
})
if (pushed.status !== 201) throw new Error(`the attackers' blob was answered with ${pushed.status}`)

const get = `GET /v2/${repository}/blobs/${digest} HTTP/1.1\r\nHost: attacker\r\n\r\n`
const attacks = [
  // 560 requests at once on a connection that reads nothing.
  ...repeated(6, () => hold((socket) => socket.pause().write(get.repeat(560)))),
  // One request on a connection that reads nothing.
  ...repeated(32, () => hold((socket) => socket.pause().write(get))),
  ...repeated(16, dripManifest),
  ...repeated(2, sendTinyChunks),
]
process.send?.('attacking')
await Promise.all(attacks)

function repeated(count: number, attack: () => Promise<void>): Promise<void>[] {
  return Array.from({ length: count }, async () => {
    while (!stop.signal.aborted) {
      await attack().catch(() => undefined)
      await delay(pauseMs)
    }
  })
}

/** Opens a connection, does something on it, and waits until it is closed. */
function hold(act: (socket: Socket) => unknown): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, localAddress }, () => act(socket))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
  })
}

/** Sends so much of a manifest that it counts as a large one, then a byte every two seconds. */
function dripManifest(): Promise<void> {
  return hold((socket) => {
    socket.write('PUT /v2/attacker/drip/manifests/t HTTP/1.1\r\nHost: attacker\r\nTransfer-Encoding: chunked\r\n\r\n')
    socket.write(`10800\r\n${' '.repeat(0x10800)}\r\n`)
    const drip = setInterval(() => socket.write('1\r\n \r\n'), 2000)
    socket.on('close', () => clearInterval(drip))
  })
}

/** One upload of a thousand chunks of one byte, one after the other. */
async function sendTinyChunks(): Promise<void> {
  const agent = new Agent({ keepAlive: true, localAddress, maxSockets: 1 })
  try {
    let { location } = await send(agent, 'POST', `/v2/${repository}/blobs/uploads/`)
    for (let offset = 0; offset < 1000 && location !== undefined; offset += 1)
      ({ location } = await send(agent, 'PATCH', location, { 'Content-Range': `${offset}-${offset}` }, 'x'))
  } finally {
    agent.destroy()
  }
}

async function send(
  agent: Agent,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Promise<IncomingHttpHeaders> {
  const length = String(Buffer.byteLength(body))
  const outgoing = request({ host, port, agent, method, path, headers: { ...headers, 'Content-Length': length } })
  const [answer] = (await once(outgoing.end(body), 'response')) as [IncomingMessage]
  answer.resume()
  await once(answer, 'end')
  return answer.statusCode === 202 ? answer.headers : {}
}
