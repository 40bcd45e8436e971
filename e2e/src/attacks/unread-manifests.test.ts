import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'
import { pushBlob } from './push-blob.ts'

const attacker = '127.0.0.2'
const readers = 240
/** Somewhat less than the maximum size of a manifest, in bytes. */
const size = 4 * 1024 * 1024 - 2000

/** Asks for a manifest and reads none of the answer. */
async function askOnly(port: number, path: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: attacker })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  return socket
}

describe.each(['all-in-one', 'split'] as const)(
  'a registry (%s) whose large manifest many clients ask for',
  (topology) => {
    it('bounds the memory of all answers, also while they come from the manifest service', async () => {
      const registry = await AttackedRegistry.start({ topology })
      const wire = new Wire(registry.host, {}, attacker)
      const sockets: Socket[] = []
      try {
        const config = descriptorOf(mediaTypes.config, await pushBlob(wire, 'attacked', Buffer.from('{}')))
        const manifest = jsonOf({
          schemaVersion: 2,
          config,
          layers: [],
          annotations: { text: 'x'.repeat(size - 1000) },
        })
        const headers = { 'Content-Type': mediaTypes.manifest }
        const path = '/v2/attacked/manifests/large'
        expect((await wire.send('PUT', path, { headers, body: manifest.bytes })).status).toBe(201)
        sockets.push(...(await Promise.all(Array.from({ length: readers }, () => askOnly(registry.port, path)))))
        await registry.normalClient.finishes(2)
        // Those that were refused would be kept open for their next request.
        for (const socket of sockets) socket.destroy()
        await registry.isFreeAgain()
        expect((await wire.send('GET', path)).body.equals(manifest.bytes)).toBe(true)
      } finally {
        for (const socket of sockets) socket.destroy()
        wire.close()
        await registry.close()
      }
    })
  },
)
