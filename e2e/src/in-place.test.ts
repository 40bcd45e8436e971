import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBerth } from './berth.ts'
import { Clients } from './clients.ts'
import { collectGarbage, startDockerRegistry } from './docker-registry.ts'
import { blobNamed, contentOf, descriptorOf, imageNamed, jsonOf, mediaTypes } from './flow-player/content.ts'
import { pushBlob, pushImage, pushManifest } from './flow-player/registry.ts'
import { Wire } from './flow-player/wire.ts'
import { unpackableImage, writeIndexLayout, writeLayout } from './oci-layout.ts'
import { readContents } from './registry-contents.ts'
import type { RegistryProcess } from './registry-process.ts'

let folder: string
let clients: Clients

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-in-place-'))
  clients = await Clients.in(folder)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a registry on the one tree for as long as `use` takes. */
async function running<T>(
  start: (instance: { folder: string }) => Promise<RegistryProcess>,
  use: (registry: RegistryProcess) => Promise<T>,
): Promise<T> {
  const registry = await start({ folder })
  try {
    return await use(registry)
  } finally {
    await registry.stop()
  }
}

const readAll = ({ host }: RegistryProcess) => readContents(host, untagged)

/** Images that lost their tag to another, but not their digest. */
const untagged: string[] = []

/** Pushes images, an index, more tags, a tag that moves and a copy between repositories, all below `prefix`. */
async function pushEverything({ host }: RegistryProcess, prefix: string): Promise<void> {
  const remote = (name: string): string => `docker://${host}/${prefix}/${name}`
  const [layout, later, index] = ['layout', 'later', 'index'].map((name) => join(folder, `${prefix}-${name}`)) as [
    string,
    string,
    string,
  ]
  const image = unpackableImage(`${prefix}/image`)
  await writeLayout(layout, 'v1', image)
  await writeLayout(later, 'v2', unpackableImage(`${prefix}/image, later`))
  await writeIndexLayout(index, 'v1', {
    amd64: unpackableImage(`${prefix}/index`, 'amd64'),
    arm64: unpackableImage(`${prefix}/index`, 'arm64'),
  })

  await clients.copy(`oci:${layout}:v1`, remote('image:v1'))
  await clients.copy(`oci:${layout}:v1`, remote('image:latest'))
  await clients.copy(`oci:${later}:v2`, remote('image:v2'))
  await clients.copy(`oci:${later}:v2`, remote('image:latest')) // moves the tag
  await clients.copy(`oci:${layout}:v1`, remote('docker:v1'), '--format', 'v2s2')
  await clients.copy(`oci:${layout}:v1`, remote('only/tag/moved:v'))
  await clients.copy(`oci:${later}:v2`, remote('only/tag/moved:v'))
  untagged.push(`${prefix}/only/tag/moved/manifests/${image.manifest.digest}`)
  await clients.copy(`oci:${index}:v1`, remote('index:v1'), '--all')
  await clients.copy(`oci:${index}:v1`, remote('docker-list:v1'), '--all', '--format', 'v2s2')
  await clients.copy(remote('image:v1'), remote('mounted/from/image:v1'))
}

describe('a tree that docker-registry has written', () => {
  it('is served by Berth byte for byte', async () => {
    const before = await running(startDockerRegistry, async (registry) => {
      await pushEverything(registry, 'adopted')
      return readAll(registry)
    })

    expect(await running(startBerth, readAll)).toEqual(before)
    expect(before.size).toBeGreaterThan(30)
  })

  it('grows by what Berth pushes, and docker-registry then serves all of it', async () => {
    const grown = await running(startBerth, async (berth) => {
      await pushEverything(berth, 'adopted')
      await pushEverything(berth, 'added')
      await pushWhatDistributionDoesNotKnow(berth)
      return readAll(berth)
    })

    expect(await running(startDockerRegistry, readAll)).toEqual(grown)
    expect([...grown.keys()].filter((path) => path.startsWith('added/')).length).toBeGreaterThan(30)
  })

  it('keeps all of it when docker-registry collects garbage', async () => {
    const before = await running(startBerth, readAll)

    const deleted = (await collectGarbage(folder)).match(/blob eligible for deletion: .*/g) ?? []

    expect(deleted).toEqual([])
    expect(await running(startDockerRegistry, readAll)).toEqual(before)
    expect(await running(startBerth, readAll)).toEqual(before)
  })
})

/** Content of newer kinds, which Distribution stores and serves without a look. */
async function pushWhatDistributionDoesNotKnow({ host }: RegistryProcess): Promise<void> {
  const wire = new Wire(host, {})
  try {
    const subject = imageNamed('subject')
    const referrer = imageNamed('referrer', 'oci', { subject: descriptorOf(mediaTypes.manifest, subject.manifest) })
    await pushImage(wire, 'newer/referrers', 'subject', subject)
    await pushImage(wire, 'newer/referrers', 'referrer', referrer)

    const empty = jsonOf({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] })
    await pushManifest(wire, 'newer/no-blobs-at-all', 'v1', mediaTypes.index, empty)

    const layer = contentOf(blobNamed('sha512', 5000).bytes, 'sha512')
    const config = jsonOf({ architecture: 'amd64', os: 'linux' })
    const manifest = jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(mediaTypes.config, config),
      layers: [descriptorOf(mediaTypes.layer, layer)],
    })
    for (const blob of [layer, config]) await pushBlob(wire, 'newer/sha512', blob)
    await pushManifest(wire, 'newer/sha512', 'v1', mediaTypes.manifest, manifest)
  } finally {
    wire.close()
  }
}
