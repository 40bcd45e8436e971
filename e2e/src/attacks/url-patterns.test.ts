import { describe, expect, it } from 'vitest'
import { descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'
import { pushBlob } from './push-blob.ts'

const attacker = '127.0.0.2'
/** The first one is in Distribution's documentation. A backtracking engine takes years for each of them. */
const allow = [String.raw`^https?://([^/]+\.)*example\.com/`, '^(https?://(a+)+)+$', String.raw`^(.*\.)*(.*\.)*b$`]

describe('a registry that compares URLs with patterns of its configuration', () => {
  it('refuses URLs that are made to be slow to compare, and keeps no other client waiting', async () => {
    const settings = { validation: { manifests: { urls: { allow } } } }
    const registry = await AttackedRegistry.start({ settings })
    const wire = new Wire(registry.host, {}, attacker)
    try {
      const config = await pushBlob(wire, 'attacker', Buffer.from('{}'))
      const push = async (urls: readonly string[]): Promise<number> => {
        const descriptor = descriptorOf(mediaTypes.config, config)
        const image = jsonOf({ schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, urls }] })
        const headers = { 'Content-Type': mediaTypes.manifest }
        return (await wire.send('PUT', '/v2/attacker/manifests/t', { headers, body: image.bytes })).status
      }
      const attack = async (): Promise<readonly number[]> => {
        const answers: number[] = []
        for (const labels of [60, 1000, 4000])
          for (const tail of ['x/', '!'])
            answers.push(await push(Array.from({ length: 50 }, () => `https://${'a.'.repeat(labels)}${tail}`)))
        return answers
      }
      const attacked = attack()
      await registry.normalClient.finishes(1)
      expect(new Set(await attacked)).toEqual(new Set([400]))
      expect(await push(['https://a.example.com/layer'])).toBe(201)
      wire.close()
      await registry.isFreeAgain()
    } finally {
      wire.close()
      await registry.close()
    }
  })
})
