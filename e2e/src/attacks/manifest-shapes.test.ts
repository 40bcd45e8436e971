import { describe, expect, it } from 'vitest'
import { type Content, descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'
import { pushBlob } from './push-blob.ts'

const attacker = '127.0.0.2'
/** Somewhat less than the maximum size of a manifest, in bytes. */
const size = 4 * 1024 * 1024 - 2000

/** As many of these as there is room for, separated by commas. */
function filledWith(one: (index: number) => string): string {
  const parts: string[] = []
  for (let length = 0; length < size; length += (parts.at(-1)?.length ?? 0) + 1) parts.push(one(parts.length))
  return parts.slice(0, -1).join(',')
}

/** Documents of 4 MiB, by what they consist of. */
function shapesOf(config: Content): ReadonlyMap<string, Buffer> {
  const descriptor = descriptorOf(mediaTypes.config, config)
  const text = JSON.stringify(descriptor).slice(0, -1)
  const image = (configMembers: string, layers: string, more: string): Buffer =>
    Buffer.from(`{"schemaVersion":2,"config":${text}${configMembers}},"layers":[${layers}]${more}}`)
  const layer = (index: number): string =>
    JSON.stringify({ ...descriptor, digest: `sha256:${index.toString(16).padStart(64, '0')}` })
  return new Map([
    ['annotations', image('', '', `,"annotations":{${filledWith((index) => `"${index}":""`)}}`)],
    ['members of the config', image(`,${filledWith((index) => `"${index}":""`)}`, '', '')],
    ['empty objects', image(`,"x":[${filledWith(() => '{}')}]`, '', '')],
    ['empty lists', image('', '', `,"x":[${filledWith(() => '[]')}]`)],
    ['URLs', image('', `${text},"urls":[${filledWith(() => '"http://a"')}]}`, '')],
    ['one name', image('', '', `,"annotations":{${filledWith(() => '"a":""')}}`)],
    ['layers that are missing', image('', filledWith(layer), '')],
  ])
}

describe.each(['all-in-one', 'split'] as const)('a registry (%s) to which absurd manifests are pushed', (topology) => {
  it('refuses them, takes one with tens of thousands of layers, and keeps no other client waiting', async () => {
    const registry = await AttackedRegistry.start({ topology })
    const wires = Array.from({ length: 16 }, () => new Wire(registry.host, {}, attacker))
    const [first] = wires as [Wire]
    const push = async (wire: Wire, body: Uint8Array): Promise<number> => {
      for (;;) {
        const headers = { 'Content-Type': mediaTypes.manifest }
        const { status } = await wire.send('PUT', '/v2/attacker/manifests/t', { headers, body })
        if (status !== 503) return status
      }
    }
    try {
      const config = await pushBlob(first, 'attacker', Buffer.from('{}'))
      const shapes = [...shapesOf(config).values()]
      const pushed = wires.map(async (wire, index) => {
        const answers: number[] = []
        for (let times = 0; times < 2; times++)
          answers.push(await push(wire, shapes[(index + times) % shapes.length] as Buffer))
        return answers
      })
      await registry.normalClient.finishes(2)
      expect(new Set((await Promise.all(pushed)).flat())).toEqual(new Set([400]))
      const layers = Array.from({ length: 20_000 }, () => descriptorOf(mediaTypes.layer, config))
      const large = jsonOf({ schemaVersion: 2, config: descriptorOf(mediaTypes.config, config), layers })
      expect(await push(first, large.bytes)).toBe(201)
      for (const wire of wires) wire.close()
      await registry.isFreeAgain()
    } finally {
      for (const wire of wires) wire.close()
      await registry.close()
    }
  })
})
