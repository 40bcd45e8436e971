import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { locationOf, Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'

const attacker = '127.0.0.2'
const size = 32 * 1024 * 1024
const many = (count: number, range: (index: number) => string): string =>
  `bytes=${Array.from({ length: count }, (_, index) => range(index)).join(',')}`

const scattered = many(1024, (index) => `${index * 30_000}-${index * 30_000}`)
const abusive = [
  many(1024, (index) => `5-${index + 5}`),
  many(1024, () => '5-5'),
  many(1024, (index) => `${(1024 - index) * 30_000}-${(1024 - index) * 30_000}`),
  many(1025, (index) => `${index * 30_000}-${index * 30_000}`),
]

describe.each(['all-in-one', 'split'] as const)('a registry (%s) whose client asks for many ranges', (topology) => {
  it('goes on serving others, serves ranges that ascend, and answers others with the whole blob', async () => {
    const registry = await AttackedRegistry.start({ topology })
    const wires = Array.from({ length: 4 }, () => new Wire(registry.host, {}, attacker))
    try {
      const path = await pushBlob(wires[0] as Wire)
      const others = registry.normalClient.finishes(2)
      await Promise.all(
        wires.map(async (wire, index) => {
          for (let round = 0; round < 3; round++) {
            const ranged = await wire.send('GET', path, { headers: { Range: scattered } })
            expect(ranged.status).toBe(206)
            expect(ranged.body.toString().split('Content-Range: ')).toHaveLength(1025)
          }
          const whole = await wire.send('GET', path, { headers: { Range: abusive[index % abusive.length] as string } })
          expect([whole.status, whole.body.byteLength]).toEqual([200, size])
        }),
      )
      await others
      for (const wire of wires) wire.close()
      await registry.isFreeAgain()
    } finally {
      for (const wire of wires) wire.close()
      await registry.close()
    }
  })
})

async function pushBlob(wire: Wire): Promise<string> {
  const bytes = Buffer.alloc(size, 7)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const started = await wire.send('POST', '/v2/attacked/blobs/uploads/')
  expect((await wire.send('PUT', locationOf(started, { digest }), { body: bytes })).status).toBe(201)
  return `/v2/attacked/blobs/${digest}`
}
