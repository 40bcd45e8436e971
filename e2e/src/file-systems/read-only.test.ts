import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { basic, writeUsers, frodo } from '../access/htpasswd.ts'
import { startBerth } from '../berth.ts'
import type { Settings } from '../configuration.ts'
import { imageNamed } from '../flow-player/content.ts'
import { pushImage } from '../flow-player/registry.ts'
import { Wire } from '../flow-player/wire.ts'
import type { RegistryProcess } from '../registry-process.ts'
import { makeReadOnly, mountMemory, mountsRefused, unmount } from './mounts.ts'

const timeout = 20_000
const image = imageNamed('read only')
/** By Linux's tradition, and by that of all distributions that tests run on. */
const nobody = { uid: 65534, gid: 65534 }
const isRoot = process.getuid?.() === 0

let folder: string
let tree: string
let running: RegistryProcess | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-read-only-'))
  await chmod(folder, 0o755)
  tree = join(folder, 'tree')
  await mkdir(tree)
})

afterEach(async () => {
  await running?.kill()
  running = undefined
  if (mountsRefused === undefined) {
    try {
      unmount(tree)
    } catch {
      // Not every test has mounted it.
    }
  }
  await rm(folder, { recursive: true, force: true })
})

const start = async (settings: Settings, isReadOnly: boolean, user?: typeof nobody): Promise<RegistryProcess> => {
  const storage = {
    filesystem: { rootdirectory: tree },
    ...(isReadOnly && { maintenance: { readonly: { enabled: true } } }),
    ...settings['storage'],
  }
  const log = { level: 'warn', accesslog: { disabled: true } }
  const topology = 'all-in-one'
  running = await startBerth({ folder, settings: { log, ...settings, storage }, topology, ...(user && { user }) })
  return running
}

const using = async <T>(
  { host }: RegistryProcess,
  headers: Record<string, string>,
  work: (wire: Wire) => Promise<T>,
) => {
  const wire = new Wire(host, { Accept: '*/*', ...headers })
  try {
    return await work(wire)
  } finally {
    wire.close()
  }
}

const fill = async (): Promise<void> => {
  const writer = await start({}, false)
  await using(writer, {}, (wire) => pushImage(wire, 'team/app', 'v1', image))
  await writer.stop()
}

/** The status of each kind of pull. */
const pulls = (wire: Wire, headers: Record<string, string> = {}): Promise<readonly number[]> =>
  Promise.all(
    [
      '/v2/team/app/manifests/v1',
      `/v2/team/app/manifests/${image.manifest.digest}`,
      `/v2/team/app/blobs/${image.config.digest}`,
      '/v2/team/app/tags/list',
      '/v2/_catalog',
      `/v2/team/app/referrers/${image.manifest.digest}`,
    ].map(async (path) => (await wire.send('GET', path, { headers })).status),
  )

const allFound = [200, 200, 200, 200, 200, 200]

describe.skipIf(mountsRefused !== undefined)(`a read-only mount (${mountsRefused ?? 'mounted'})`, () => {
  it('is served, and not written to', { timeout }, async () => {
    mountMemory(tree, '8m')
    await fill()
    makeReadOnly(tree)
    const reader = await start({}, true)
    await using(reader, {}, async (wire) => {
      expect(await pulls(wire)).toEqual(allFound)
      expect((await wire.send('DELETE', `/v2/team/app/manifests/${image.manifest.digest}`)).status).toBe(405)
    })
    expect((await reader.stop()).code).toBe(0)
  })

  it('is not used for writing, and the refusal names the setting', { timeout }, async () => {
    mountMemory(tree, '8m')
    await fill()
    makeReadOnly(tree)
    await expect(start({}, false)).rejects.toThrow('storage.maintenance.readonly.enabled')
  })

  it('is served with users of an htpasswd file', { timeout }, async () => {
    mountMemory(tree, '8m')
    await fill()
    makeReadOnly(tree)
    const reader = await start(await writeUsers(folder), true)
    await using(reader, { Authorization: basic(frodo) }, async (wire) => expect(await pulls(wire)).toEqual(allFound))
  })

  it('is served with a default user that ends with the process', { timeout }, async () => {
    mountMemory(tree, '8m')
    await fill()
    makeReadOnly(tree)
    const reader = await start({ auth: { htpasswd: { realm: 'realm', path: join(tree, 'htpasswd') } } }, true)
    await expect.poll(() => reader.output()).toContain('htpasswd is missing and cannot be created')
    const [, password = ''] = /"password":"([\w-]{43})"/.exec(reader.output()) ?? []
    const credentials = basic({ name: 'docker', password })
    await using(reader, { Authorization: credentials }, async (wire) => expect(await pulls(wire)).toEqual(allFound))
  })

  it('is served with tokens of its own, whose keys end with the process', { timeout }, async () => {
    mountMemory(tree, '8m')
    await fill()
    await rm(join(tree, 'berth/v1/signing-keys.json'), { force: true })
    makeReadOnly(tree)
    const policy = join(folder, 'policy.yml')
    const rules = [{ subjects: ['anonymous'], repositories: ['team/*'], actions: ['pull'] }]
    await writeFile(policy, JSON.stringify({ rules }))
    const berth = { service: 'registry', issuer: 'issuer', policy }
    const reader = await start({ auth: { berth } }, true)
    await expect.poll(() => reader.output().match(/the token signing key is not stored/g)?.length).toBe(1)
    await using(reader, {}, async (wire) => {
      const token = await wire.send('GET', '/token?service=registry&scope=repository:team/app:pull')
      const { token: bearer } = JSON.parse(token.body.toString()) as { token: string }
      const headers = { Authorization: `Bearer ${bearer}` }
      expect((await wire.send('GET', '/v2/team/app/manifests/v1', { headers })).status).toBe(200)
    })
  })
})

describe.skipIf(!isRoot)('a tree of another user (needs root, to become nobody)', () => {
  it("is served by a user who may read it, without Berth's own records, and not written to", { timeout }, async () => {
    await fill()
    await chmod(folder, 0o755)
    const before = await readdir(tree, { recursive: true })
    const reader = await start({}, true, nobody)
    await using(reader, {}, async (wire) => expect(await pulls(wire)).toEqual(allFound))
    await expect.poll(() => reader.output()).toContain('own records may not be read')
    expect(await readdir(tree, { recursive: true })).toEqual(before)
    expect((await reader.stop()).code).toBe(0)
  })

  it('keeps its locks and secrets from that user, whatever the umask is', { timeout }, async () => {
    const umask = process.umask(0)
    try {
      await fill()
    } finally {
      process.umask(umask)
    }
    await expect(start({}, false, nobody)).rejects.toThrow('EACCES')
  })

  it('is served while its owner writes, and shows what that has written', { timeout }, async () => {
    const writer = await start({}, false)
    await using(writer, {}, (wire) => pushImage(wire, 'team/app', 'v1', image))
    const reader = await start({}, true, nobody)
    try {
      await using(reader, {}, async (wire) => {
        expect(await pulls(wire)).toEqual(allFound)
        const next = imageNamed('next')
        await using(writer, {}, (other) => pushImage(other, 'team/app', 'v1', next))
        const { body } = await wire.send('GET', '/v2/team/app/manifests/v1')
        expect(body.equals(next.manifest.bytes)).toBe(true)
      })
    } finally {
      await writer.kill()
    }
  })
})
