import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type Content, descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import { until } from '../split/deployment.ts'
import { AttackedRegistry } from './attacked-registry.ts'
import { pushBlob } from './push-blob.ts'

const attacker = '127.0.0.2'
const drippers = 40

/** A push of a manifest that sends 66 KiB at once, and then a byte now and then. */
class Dripper {
  readonly #socket: Socket
  readonly #drip: NodeJS.Timeout
  received = ''

  constructor(port: number, index: number) {
    const socket = connect({ port, host: '127.0.0.1', localAddress: attacker })
    this.#socket = socket
    this.#drip = setInterval(() => socket.write('1\r\n \r\n'), 500)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
      this.end()
    })
    socket.write(`PUT /v2/attacker${index}/manifests/t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
    for (let times = 0; times < 2; times++) socket.write(`8400\r\n${' '.repeat(0x8400)}\r\n`)
  }

  get sent(): number {
    return this.#socket.bytesWritten
  }

  end(): void {
    clearInterval(this.#drip)
    this.#socket.destroy()
  }
}

async function pushLargeManifest(wire: Wire, config: Content): Promise<number> {
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorOf(mediaTypes.config, config),
    layers: [],
    annotations: { large: 'x'.repeat(500_000) },
  })
  const headers = { 'Content-Type': mediaTypes.manifest }
  return (await wire.send('PUT', '/v2/large/manifests/t', { headers, body: manifest.bytes })).status
}

describe.each(['all-in-one', 'split'] as const)(
  'a registry (%s) to which manifests are sent drop by drop',
  (topology) => {
    it('takes the manifests of others, also from the same address, and ends the slow pushes with 408', async () => {
      const registry = await AttackedRegistry.start({ topology })
      const wires = [attacker, '127.0.0.3'].map((address) => new Wire(registry.host, {}, address))
      const attackers: Dripper[] = []
      try {
        const [same, other] = wires as [Wire, Wire]
        const config = await pushBlob(other, 'large', Buffer.from('{}'))
        for (let index = 0; index < drippers; index++) attackers.push(new Dripper(registry.port, index))
        await until('all have begun', async () => attackers.every(({ sent }) => sent > 66 * 1024) || undefined)
        expect(await Promise.all([same, other].map((wire) => pushLargeManifest(wire, config)))).toEqual([201, 201])
        await registry.normalClient.finishes(1)
        await until('all are ended', async () => attackers.every(({ received }) => received !== '') || undefined)
        for (const { received } of attackers) {
          expect(received).toMatch(/^HTTP\/1\.1 408 /)
          expect(received.toLowerCase()).toContain('connection: close')
        }
        await registry.isFreeAgain()
      } finally {
        for (const each of attackers) each.end()
        for (const wire of wires) wire.close()
        await registry.close()
      }
    })
  },
)
