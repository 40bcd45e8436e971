import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBerth } from '../berth.ts'
import { imageNamed } from '../flow-player/content.ts'
import { pushImage } from '../flow-player/registry.ts'
import { Wire } from '../flow-player/wire.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { mountMemory, mountsRefused, unmount } from './mounts.ts'

const timeout = 20_000
const image = imageNamed('full disk')
const path = `/v2/team/app/manifests/${image.manifest.digest}`

describe.skipIf(mountsRefused !== undefined)(`a full disk (${mountsRefused ?? 'mounted'})`, () => {
  let folder: string
  let tree: string
  let running: RegistryProcess | undefined
  let wire: Wire | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-full-disk-'))
    tree = join(folder, 'tree')
    await mkdir(tree)
    mountMemory(tree, '2m')
  })

  afterEach(async () => {
    wire?.close()
    await running?.kill()
    unmount(tree)
    await rm(folder, { recursive: true, force: true })
  })

  const start = async (): Promise<Wire> => {
    wire?.close()
    const log = { level: 'warn', accesslog: { disabled: true } }
    const storage = { filesystem: { rootdirectory: tree } }
    running = await startBerth({ folder, settings: { log, storage }, topology: 'all-in-one' })
    wire = new Wire(running.host, { Accept: '*/*' })
    return wire
  }

  /** Writes until nothing more can be. */
  const fillDisk = (): void => {
    const file = openSync(join(tree, 'filler'), 'w')
    const piece = Buffer.alloc(4096)
    try {
      for (;;) writeSync(file, piece)
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    } finally {
      fsyncSync(file)
      closeSync(file)
    }
  }

  it.each([
    ['killed', async () => running?.kill()],
    ['stopped', async () => running?.stop()],
  ])('keeps no registry that was %s from serving pulls and deletions again', { timeout }, async (_, end) => {
    const before = await start()
    await pushImage(before, 'team/app', 'v1', image)
    fillDisk()
    await end()

    const after = await start()
    expect((await after.send('GET', '/v2/team/app/manifests/v1')).body.equals(image.manifest.bytes)).toBe(true)
    expect((await after.send('GET', `/v2/team/app/blobs/${image.config.digest}`)).status).toBe(200)
    expect((await after.send('GET', '/v2/team/app/tags/list')).status).toBe(200)
    expect((await after.send('POST', `/v2/team/app/blobs/uploads/`)).status).toBe(503)
    expect((await after.send('DELETE', `/v2/team/app/blobs/${image.config.digest}`)).status).toBe(202)
    expect((await after.send('DELETE', path)).status).toBe(202)
    expect((await after.send('GET', path)).status).toBe(404)

    await rm(join(tree, 'filler'))
    await pushImage(after, 'team/app', 'v1', image)
    expect((await after.send('GET', path)).status).toBe(200)
  })

  it('keeps no registry from serving a tree that Berth has never seen', { timeout }, async () => {
    const before = await start()
    await pushImage(before, 'team/app', 'v1', image)
    await running?.kill()
    await rm(join(tree, 'berth'), { recursive: true })
    fillDisk()

    const after = await start()
    expect((await after.send('GET', '/v2/team/app/manifests/v1')).status).toBe(200)
    expect((await after.send('DELETE', path)).status).toBe(202)
    await rm(join(tree, 'filler'))
    await pushImage(after, 'team/app', 'v1', image)
    expect((await after.send('GET', '/v2/team/app/manifests/v1')).status).toBe(200)
  })
})
