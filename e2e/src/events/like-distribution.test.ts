import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Receiver } from '@berth/event-delivery/testing'
import type { RegistryEvent } from '@berth/events'
import { describe, expect, it } from 'vitest'
import { startBerth } from '../berth.ts'
import { startDockerRegistry } from '../docker-registry.ts'
import { blobNamed, descriptorOf, jsonOf, mediaTypes } from '../flow-player/content.ts'
import { locationOf, Wire } from '../flow-player/wire.ts'
import type { RegistryProcess } from '../registry-process.ts'

const start = {
  'docker-registry': startDockerRegistry,
  Berth: (instance: Parameters<typeof startBerth>[0]) => startBerth({ ...instance, topology: 'all-in-one' }),
}

/** The event without what differs between two runs. */
function comparable({ action, target, request, actor }: RegistryEvent, origin: string): unknown {
  const url = target.url?.replace(origin, 'http://registry')
  return {
    action,
    target: { ...target, ...(url !== undefined && { url }) },
    request: { ...request, id: typeof request.id, addr: request.addr?.replace(/:\d+$/, ''), host: typeof request.host },
    actor,
  }
}

async function eventsOf(name: keyof typeof start, work: (wire: Wire) => Promise<void>, count: number) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-events-'))
  const receiver = await Receiver.start()
  let registry: RegistryProcess | undefined
  try {
    const endpoint = { name: 'hook', url: receiver.url.href, timeout: '5s', headers: { 'X-Token': ['secret'] } }
    // Distribution does not know the key, and ignores it.
    const endpoints = [{ ...endpoint, ...(name === 'Berth' && { allowprivate: true }) }]
    registry = await start[name]({
      folder,
      settings: { notifications: { events: { includereferences: true }, endpoints } },
    })
    const wire = new Wire(registry.host, { 'User-Agent': 'a-client/1.0' })
    await work(wire)
    await receiver.has(count)
    wire.close()
    return receiver.received.map(({ events, headers, method }) => ({
      method,
      token: headers['x-token'],
      type: headers['content-type'],
      events: events.map((event) => comparable(event, `http://${registry?.host}`)),
    }))
  } finally {
    await registry?.kill()
    await receiver.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function work(wire: Wire): Promise<void> {
  const expectStatus = async (status: number, ...request: Parameters<Wire['send']>) => {
    const answer = await wire.send(...request)
    expect([request[0], String(request[1]), answer.status]).toEqual([request[0], String(request[1]), status])
    return answer
  }
  const repository = '/v2/team/app'
  const [config, layer] = [blobNamed('config', 30), blobNamed('layer', 100_000)]
  for (const blob of [config, layer]) {
    const begun = await expectStatus(202, 'POST', `${repository}/blobs/uploads/`)
    const patched = await expectStatus(202, 'PATCH', locationOf(begun), { body: blob.bytes })
    await expectStatus(201, 'PUT', locationOf(patched), { query: { digest: blob.digest } })
  }
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: descriptorOf(mediaTypes.dockerConfig, config),
    layers: [descriptorOf(mediaTypes.dockerLayer, layer)],
  })
  const accept = { Accept: mediaTypes.dockerManifest }
  const pushed = { headers: { 'Content-Type': mediaTypes.dockerManifest }, body: manifest.bytes }
  await expectStatus(201, 'PUT', `${repository}/manifests/one`, pushed)
  await expectStatus(201, 'PUT', `${repository}/manifests/${manifest.digest}`, pushed)
  await expectStatus(200, 'HEAD', `${repository}/manifests/one`, { headers: accept })
  await expectStatus(200, 'GET', `${repository}/manifests/one`, { headers: accept })
  await expectStatus(200, 'GET', `${repository}/manifests/${manifest.digest}`, { headers: accept })
  const unchanged = { ...accept, 'If-None-Match': `"${manifest.digest}"` }
  await expectStatus(304, 'GET', `${repository}/manifests/one`, { headers: unchanged })
  await expectStatus(200, 'HEAD', `${repository}/blobs/${layer.digest}`)
  await expectStatus(200, 'GET', `${repository}/blobs/${layer.digest}`)
  await expectStatus(206, 'GET', `${repository}/blobs/${layer.digest}`, { headers: { Range: 'bytes=0-9' } })
  await expectStatus(404, 'GET', `${repository}/manifests/absent`)
  await expectStatus(201, 'POST', '/v2/other/app/blobs/uploads/', {
    query: { mount: layer.digest, from: 'team/app' },
  })
  await expectStatus(202, 'DELETE', `/v2/other/app/blobs/${layer.digest}`)
  await expectStatus(202, 'DELETE', `${repository}/manifests/${manifest.digest}`)
}

describe('events', () => {
  it('are those of docker-registry, field by field', async () => {
    const expected = await eventsOf('docker-registry', work, 14)
    const found = await eventsOf('Berth', work, 14)

    // Pull events are recorded beside the others: their order among themselves counts, not that among all.
    const isPull = ({ events: [event] }: (typeof found)[number]): boolean =>
      (event as { action: string }).action === 'pull'
    for (const each of [(one: (typeof found)[number]) => isPull(one), (one: (typeof found)[number]) => !isPull(one)])
      expect(found.filter(each)).toEqual(expected.filter(each))
  })
})
