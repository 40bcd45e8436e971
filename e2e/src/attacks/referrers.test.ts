import { afterEach, describe, expect, it } from 'vitest'
import { blobNamed, contentOf, descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { pushBlob, pushManifest } from '../flow-player/registry.ts'
import { type Answer, Wire } from '../flow-player/wire.ts'
import { AttackedRegistry } from './attacked-registry.ts'

const repository = 'attacker/referrers'
const subject = { mediaType: mediaTypes.manifest, digest: contentOf('a subject').digest, size: 9 }
const referrers = 25
/** Size in bytes of the annotations of each: little less than a manifest may have. */
const annotationBytes = 4 * 1024 * 1024 - 2048
const readers = 2

let registry: AttackedRegistry
afterEach(() => registry.close())

describe('referrers with annotations of 4 MiB each', () => {
  for (const topology of ['all-in-one', 'split'] as const)
    it(`are listed a page at a time, however many clients ask (${topology})`, async () => {
      registry = await AttackedRegistry.start({ topology })
      await pushReferrers(new Wire(registry.host, {}, '127.0.0.2'))
      const clients = Array.from({ length: readers }, () => new Wire(registry.host, {}, '127.0.0.2'))
      const [counts] = await Promise.all([Promise.all(clients.map(countReferrers)), registry.normalClient.finishes(2)])
      for (const client of clients) client.close()
      expect(counts).toEqual(clients.map(() => referrers))
      await registry.isFreeAgain()
    })
})

async function pushReferrers(wire: Wire): Promise<void> {
  const config = blobNamed('a config', 100)
  await pushBlob(wire, repository, config)
  for (let index = 0; index < referrers; index += 1) {
    const manifest = jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: `application/vnd.example.${index}`,
      config: descriptorOf(mediaTypes.config, config),
      layers: [],
      subject,
      annotations: { padding: 'x'.repeat(annotationBytes) },
    })
    await pushManifest(wire, repository, manifest.digest, mediaTypes.manifest, manifest)
  }
  wire.close()
}

/** Follows the pages to their end. */
async function countReferrers(wire: Wire): Promise<number> {
  const seen = new Set<string>()
  for (let target: string | undefined = `/v2/${repository}/referrers/${subject.digest}`; target !== undefined;) {
    const answer: Answer = await wire.send('GET', target)
    // A registry may ask its clients to come again later.
    if (answer.status === 429 || answer.status === 503) continue
    if (answer.status !== 200) throw new Error(`${target}: ${answer.status} ${answer.body.toString()}`)
    const { manifests } = JSON.parse(answer.body.toString()) as { manifests: { digest: string }[] }
    for (const { digest } of manifests) seen.add(digest)
    target = /<([^>]+)>; rel="next"/.exec(String(answer.headers['link'] ?? ''))?.[1]
  }
  return seen.size
}
