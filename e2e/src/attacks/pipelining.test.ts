import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Wire, locationOf } from '../flow-player/wire.ts'
import { until } from '../split/deployment.ts'
import { AttackedRegistry } from './attacked-registry.ts'

const topologies = ['all-in-one', 'split'] as const
const attacker = '127.0.0.13'
const requestsPerConnection = 560

/** Pushes a blob for the attackers to ask for. @returns its path */
async function pushBlob(host: string, bytes: Buffer): Promise<string> {
  const wire = new Wire(host, {}, attacker)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const started = await wire.send('POST', '/v2/attacked/blobs/uploads/')
  const { status } = await wire.send('PUT', locationOf(started, { digest }), { body: bytes })
  wire.close()
  expect(status).toBe(201)
  return `/v2/attacked/blobs/${digest}`
}

/** The number of connections from an address that the registry, which is the only server asked from there, has open. */
async function connectionsFrom(address: string): Promise<number> {
  const hex = Buffer.from(address.split('.').map(Number)).reverse().toString('hex').toUpperCase()
  // A line has its number, the local address, the remote address and the state: 01 is established.
  const open = new RegExp(`^ *\\d+: \\w+:\\w+ ${hex}:\\w+ 01 `)
  return (await readFile('/proc/net/tcp', 'utf8')).split('\n').filter((line) => open.test(line)).length
}

/** Connects, sends the same request many times, and reads nothing. */
function pipeline(port: number, path: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: attacker })
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(requestsPerConnection))
  return socket
}

describe.each(topologies)('a registry (%s) whose client pipelines requests and reads no answer', (topology) => {
  it.each([
    ['a large blob', 16 * 1024 * 1024, 40],
    ['a blob that is remembered', 60 * 1024, 8],
  ])('goes on serving others while %s is asked for, and cuts the client off', async (_, size, count) => {
    const registry = await AttackedRegistry.start({ topology })
    const sockets: Socket[] = []
    try {
      const path = await pushBlob(registry.host, Buffer.alloc(size, 7))
      for (let at = 0; at < count; at++) sockets.push(pipeline(registry.port, path))
      await until('all are connected', async () => (await connectionsFrom(attacker)) === count || undefined)
      await registry.normalClient.finishes(2)
      await until('all are closed', async () => (await connectionsFrom(attacker)) === 0 || undefined)
      await registry.isFreeAgain()
      expect(await connectionsFrom(attacker)).toBe(0)
    } finally {
      for (const socket of sockets) socket.destroy()
      await registry.close()
    }
  })
})
