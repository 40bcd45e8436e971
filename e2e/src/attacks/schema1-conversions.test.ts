import { describe, expect, it } from 'vitest'
import { descriptorOf, jsonOf } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'
import { pushBlob } from './push-blob.ts'

const attacker = '127.0.0.2'
const schema2 = 'application/vnd.docker.distribution.manifest.v2+json'
const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
const configType = 'application/vnd.docker.container.image.v1+json'
const tags = 12

describe.each(['all-in-one', 'split'] as const)(
  'a registry (%s) that is asked for large images as schema1',
  (topology) => {
    it('gives them by each of their tags, and keeps no other client waiting', async () => {
      const registry = await AttackedRegistry.start({ topology })
      const wires = Array.from({ length: 6 }, () => new Wire(registry.host, {}, attacker))
      const [first] = wires as [Wire]
      try {
        const history = Array.from({ length: 1000 }, (_, step) => ({ created_by: `step ${step}`, empty_layer: true }))
        const image = { architecture: 'amd64', os: 'linux', rootfs: { diff_ids: [] }, history }
        const config = await pushBlob(first, 'attacker', jsonOf({ ...image, x: '"'.repeat(500_000) }).bytes)
        const manifest = jsonOf({
          schemaVersion: 2,
          mediaType: schema2,
          config: descriptorOf(configType, config),
          layers: [],
        })
        const named = Array.from({ length: tags }, (_, index) => `t${index}`)
        const headers = { 'Content-Type': schema2 }
        const query = named.map((tag) => `tag=${tag}`).join('&')
        const target = `/v2/attacker/manifests/${manifest.digest}?${query}`
        expect((await first.send('PUT', target, { headers, body: manifest.bytes })).status).toBe(201)

        const asked = wires.map(async (wire, index) => {
          const answers: unknown[] = []
          for (let times = 0; times < tags; times++) {
            const tag = named[(index + times) % tags] ?? ''
            const answer = await wire.send('GET', `/v2/attacker/manifests/${tag}`, { headers: { Accept: schema1 } })
            answers.push([answer.status, answer.headers['content-type'], answer.body.includes(`"tag": "${tag}"`)])
          }
          return answers
        })
        await registry.normalClient.finishes(1)
        for (const answer of (await Promise.all(asked)).flat()) expect(answer).toEqual([200, schema1, true])
        for (const wire of wires) wire.close()
        await registry.isFreeAgain()
      } finally {
        for (const wire of wires) wire.close()
        await registry.close()
      }
    })
  },
)
