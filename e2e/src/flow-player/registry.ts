import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { startBerth } from '../berth.ts'
import type { RegistryProcess } from '../registry-process.ts'
import type { Content, Image } from './content.ts'
import { locationOf, Wire } from './wire.ts'

/** One Berth for all tests of a file, on a tree of its own. */
export function useRegistry(): { readonly host: string; connect(headers: Readonly<Record<string, string>>): Wire } {
  const wires: Wire[] = []
  let folder = ''
  let running: RegistryProcess | undefined
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-flow-'))
    running = await startBerth({ folder })
  })
  afterAll(async () => {
    for (const wire of wires) wire.close()
    await running?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    get host() {
      return running?.host ?? ''
    },
    connect(headers) {
      const wire = new Wire(this.host, headers)
      wires.push(wire)
      return wire
    },
  }
}

/** Puts a blob there in the plainest way, for tests that are about something else. */
export async function pushBlob(wire: Wire, repository: string, { bytes, digest }: Content): Promise<void> {
  const started = await wire.send('POST', `/v2/${repository}/blobs/uploads/`)
  const put = await wire.send('PUT', locationOf(started, { digest }), { body: bytes })
  expect(put.status).toBe(201)
}

export async function pushManifest(
  wire: Wire,
  repository: string,
  reference: string,
  mediaType: string,
  { bytes }: Content,
): Promise<void> {
  const headers = { 'Content-Type': mediaType }
  const put = await wire.send('PUT', `/v2/${repository}/manifests/${reference}`, { headers, body: bytes })
  expect(put.status).toBe(201)
}

export async function pushImage(wire: Wire, repository: string, reference: string, image: Image): Promise<void> {
  for (const blob of [...image.layers, image.config]) await pushBlob(wire, repository, blob)
  await pushManifest(wire, repository, reference, image.mediaType, image.manifest)
}
