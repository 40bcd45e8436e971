import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'
import { pushBlob } from './push-blob.ts'

const attacker = '127.0.0.2'
const readers = 100
/** Bytes that each reader takes at full speed, which makes the registry read ahead with large buffers for it. */
const takenAtOnce = 1024 * 1024

/** Asks for a blob, reads its first bytes, and then nothing more. */
async function readSlowly(port: number, path: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: attacker })
  socket.on('error', () => undefined)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  let taken = 0
  socket.on('data', (chunk) => {
    taken += chunk.byteLength
    if (taken >= takenAtOnce) socket.pause()
  })
  await Promise.race([once(socket, 'pause'), once(socket, 'close')])
  return socket
}

describe.each(['all-in-one', 'split'] as const)('a registry (%s) whose blob many clients read slowly', (topology) => {
  it('goes on serving others, also from the same address, and cuts the slow clients off', async () => {
    const registry = await AttackedRegistry.start({ topology })
    const wire = new Wire(registry.host, {}, attacker)
    const sockets: Socket[] = []
    try {
      const bytes = Buffer.alloc(16 * 1024 * 1024, 7)
      const { digest } = await pushBlob(wire, 'attacked', bytes)
      const path = `/v2/attacked/blobs/${digest}`
      sockets.push(...(await Promise.all(Array.from({ length: readers }, () => readSlowly(registry.port, path)))))
      await registry.normalClient.finishes(1)
      const { status, body } = await wire.send('GET', path)
      expect([status, body.equals(bytes)]).toEqual([200, true])
      await pushBlob(wire, 'attacked', Buffer.alloc(1_000_000, 8))
      await registry.isFreeAgain()
    } finally {
      for (const socket of sockets) socket.destroy()
      wire.close()
      await registry.close()
    }
  })
})
