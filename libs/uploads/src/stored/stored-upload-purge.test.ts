import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteBudget } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import { parseRepositoryName } from '@berth/reference'
import { layout, parseStoragePath, StorageError, type StoragePath } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { FilesystemDriver } from '@berth/storage-filesystem'
import { beforeEach, describe, expect, it } from 'vitest'
import { KeyRing } from '../key-ring.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'
import { StoredUploadPurge } from './stored-upload-purge.ts'

const hourMs = 3_600_000
const start = Date.UTC(2026, 0, 1)
const foo = parseRepositoryName('foo')
const nested = parseRepositoryName('group/team/app')

let nowMs: number
let storage: MemoryDriver
let purge: StoredUploadPurge
const clock = (): number => nowMs
const ignore = (): void => {}

beforeEach(() => {
  nowMs = start
  storage = new MemoryDriver({ nowMs: clock })
  purge = new StoredUploadPurge({ storage, nowMs: clock })
})

/** An upload as Distribution leaves it. */
async function distributionUpload(repository = foo, startedAt?: string): Promise<StoragePath> {
  const area = layout.uploadRoot(repository, randomUUID())
  await storage.put(layout.below(area, 'data'), Buffer.from('received'))
  await storage.put(layout.below(area, 'hashstates', 'sha256', '8'), Buffer.from('state'))
  if (startedAt !== undefined) await storage.put(layout.below(area, 'startedat'), Buffer.from(startedAt))
  return area
}

const isThere = (path: StoragePath): Promise<boolean> =>
  storage.stat(path).then(
    () => true,
    () => false,
  )

describe('StoredUploadPurge', () => {
  it("removes Berth's own stale uploads, so that their tokens are of no use", async () => {
    const uploads = new StoredBlobUploads({ storage, keys: new KeyRing({ signing: 'k' }), nowMs: clock })
    const stale = await uploads.start(nested)
    nowMs += 2 * hourMs
    const fresh = await uploads.start(nested)
    expect(await purge.purge(hourMs)).toEqual({ removed: 1, failed: 0 })
    await expect(uploads.status({ repository: nested, ...stale })).rejects.toMatchObject({
      code: 'BLOB_UPLOAD_UNKNOWN',
    })
    expect(await uploads.status({ repository: nested, ...fresh })).toMatchObject({ offset: 0 })
  })

  it("removes Distribution's stale uploads with all that is in them, and keeps those of the future", async () => {
    const stale = await Promise.all([foo, foo, nested].map((name) => distributionUpload(name, '2025-12-31T22:00:00Z')))
    const ahead = await distributionUpload(foo, '2026-01-02T00:00:00Z')
    expect(await purge.purge(hourMs)).toEqual({ removed: 3, failed: 0 })
    expect(await Promise.all(stale.map(isThere))).toEqual([false, false, false])
    expect(await isThere(ahead)).toBe(true)
  })

  it('removes nothing that is not older than the age', async () => {
    const area = await distributionUpload(foo, '2025-12-31T23:00:00Z')
    expect(await purge.purge(hourMs)).toEqual({ removed: 0, failed: 0 })
    expect(await isThere(area)).toBe(true)
  })

  it('counts in a dry run, and removes nothing', async () => {
    const area = await distributionUpload(foo, '2025-12-01T00:00:00Z')
    expect(await purge.purge(hourMs, { dryRun: true })).toEqual({ removed: 1, failed: 0 })
    expect(await isThere(area)).toBe(true)
  })

  it.each([undefined, '', 'yesterday', '2025-13-99T00:00:00Z', '9', 'x'.repeat(5000)])(
    'judges an upload by its age in storage where its startedat is %j',
    async (startedAt) => {
      const area = await distributionUpload(foo, startedAt)
      nowMs = start + hourMs
      expect(await purge.purge(hourMs)).toEqual({ removed: 0, failed: 0 })
      nowMs += 1
      expect(await purge.purge(hourMs)).toEqual({ removed: 1, failed: 0 })
      expect(await isThere(area)).toBe(false)
    },
  )

  it('takes the newest of what an upload without startedat has for its age', async () => {
    const area = await distributionUpload()
    nowMs += 2 * hourMs
    await storage.put(layout.below(area, 'hashstates', 'sha256', '9'), Buffer.from('state'))
    expect(await purge.purge(hourMs)).toEqual({ removed: 0, failed: 0 })
  })

  it('judges what was left when a process was killed as it made an upload by its age in storage', async () => {
    const rootDirectory = await mkdtemp(join(tmpdir(), 'berth-purge-'))
    const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
    const files = await FilesystemDriver.open({ rootDirectory, budget: new ByteBudget(1_000_000), log })
    const areas = [randomUUID(), randomUUID()].map((id) => rootDirectory + layout.uploadRoot(foo, id))
    for (const area of areas) await mkdir(area, { recursive: true })
    await writeFile(`${areas[0]}/at.first-0123456789abcdef01234567-89abcdef`, 'to')
    const purgeAt = (ms: number) => new StoredUploadPurge({ storage: files, nowMs: () => ms }).purge(hourMs)
    expect(await purgeAt(Date.now())).toEqual({ removed: 0, failed: 0 })
    expect(await purgeAt(Date.now() + 2 * hourMs)).toEqual({ removed: 2, failed: 0 })
    expect(await readdir(rootDirectory + layout.uploadsRoot(foo))).toEqual([])
    await files.close()
    await rm(rootDirectory, { recursive: true })
  })

  it('touches nothing but uploads', async () => {
    const id = randomUUID()
    const paths = [
      `/docker/registry/v2/repositories/foo/_importants/${id}/startedat`,
      `/docker/registry/v2/repositories/foo/_uploads/notes/startedat`,
      `/docker/registry/v2/repositories/foo/_uploads/startedat`,
      `/docker/registry/v2/repositories/_uploads/${id}/startedat`,
      `/docker/registry/v2/repositories/foo/_layers/sha256/${id}/startedat`,
      `/docker/registry/v2/blobs/_uploads/${id}/startedat`,
    ].map((path) => parseStoragePath(path))
    for (const path of paths) await storage.put(path, Buffer.from('2000-01-01T00:00:00Z'))
    expect(await purge.purge(hourMs)).toEqual({ removed: 0, failed: 0 })
    expect(await Promise.all(paths.map(isThere))).toEqual(paths.map(() => true))
  })

  it('finds nothing in a store that has no repositories yet', async () => {
    expect(await purge.purge(hourMs)).toEqual({ removed: 0, failed: 0 })
  })

  it('goes on past what cannot be removed or read, and counts it', async () => {
    const stuck = await distributionUpload(foo, '2025-01-01T00:00:00Z')
    const other = await distributionUpload(nested, '2025-01-01T00:00:00Z')
    await storage.put(parseStoragePath('/docker/registry/v2/repositories/broken/app/_layers/x'), Buffer.from(''))
    const failing = new Proxy(storage, {
      get(driver, name) {
        const refuse = (path: string): void => {
          if (path === stuck || path.endsWith('/broken')) throw new StorageError('STORAGE_UNAVAILABLE', path, 'test')
        }
        if (name === 'abort') return async (path: StoragePath) => (refuse(path), driver.abort(path))
        if (name === 'list') return (path: StoragePath) => (refuse(path), driver.list(path))
        const value: unknown = Reflect.get(driver, name)
        return typeof value === 'function' ? value.bind(driver) : value
      },
    })
    expect(await new StoredUploadPurge({ storage: failing, nowMs: clock }).purge(hourMs)).toEqual({
      removed: 1,
      failed: 2,
    })
    expect(await isThere(other)).toBe(false)
  })

  it('stops where it is told to', async () => {
    await distributionUpload(foo, '2025-01-01T00:00:00Z')
    const reason = new RegistryError('UNAVAILABLE', { reason: 'closing' })
    await expect(purge.purge(hourMs, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
