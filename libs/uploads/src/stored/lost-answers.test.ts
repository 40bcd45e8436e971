import { StoredBlobs } from '@berth/blobs/stored'
import { digestOf } from '@berth/digest'
import { layout, type StorageDriver, StorageError, type StorageErrorCode } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { KeyRing } from '../key-ring.ts'
import { alteredDriver } from '../suite/altered-driver.ts'
import { body, chunkAt, repository, UploadClient } from '../suite/upload-client.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'

const keys = new KeyRing({ signing: 'k' })
const fault = (code: StorageErrorCode): StorageError => new StorageError(code, '/x', 'test')

let storage: MemoryDriver
let client: UploadClient
let elsewhere: UploadClient

beforeEach(async () => {
  storage = new MemoryDriver()
  client = await UploadClient.start(services())
})

const services = (methods: Partial<StorageDriver> = {}) => ({
  uploads: new StoredBlobUploads({ storage: alteredDriver(storage, methods), keys }),
  blobs: new StoredBlobs({ storage }),
})

/** The client of the same upload on a node whose storage is as told. */
function onNodeWith(methods: Partial<StorageDriver>): UploadClient {
  return client.on(services(methods))
}

async function partsThere(): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of storage.list(layout.uploadRoot(repository, client.upload.id))) names.push(name)
  return names.filter((name) => name.startsWith('part.'))
}

describe('a checkpoint whose answer is lost', () => {
  it.each(['STORAGE_UNAVAILABLE', 'VERSION_MISMATCH'] as const)('counts where it was published (%s)', async (code) => {
    const lossy = onNodeWith({
      swap: async (...args) => {
        await storage.swap(...args)
        throw fault(code)
      },
    })
    expect(await lossy.append(chunkAt(0, 'hello'))).toBe(5)
    expect(await lossy.append(chunkAt(5, ' you'))).toBe(9)
    await client.status()
    await client.complete(digestOf('hello you'))
    expect(await client.read(digestOf('hello you'))).toBe('hello you')
  })

  it('counts, too, where another request has built on it already', async () => {
    elsewhere = client
    const lossy = onNodeWith({
      swap: async (...args) => {
        await storage.swap(...args)
        await elsewhere.status()
        await elsewhere.append(chunkAt(5, ' you'))
        throw fault('VERSION_MISMATCH')
      },
    })
    expect(await lossy.append(chunkAt(0, 'hello'))).toBe(5)
    expect(await client.status()).toBe(9)
    await client.complete(digestOf('hello you'))
    expect(await client.read(digestOf('hello you'))).toBe('hello you')
  })

  it('is an outage where it was not published, and its parts stay: it may still be on its way', async () => {
    const failing = onNodeWith({ swap: () => Promise.reject(fault('STORAGE_UNAVAILABLE')) })
    await expect(failing.append(chunkAt(0, 'hello'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await partsThere()).toHaveLength(1)
    expect(await client.append(chunkAt(0, 'hello'))).toBe(5)
  })

  it('is an outage where it cannot be read back', async () => {
    const first = await storage.readVersioned(layout.uploadCheckpointPath(repository, client.upload.id))
    const answers = [() => Promise.resolve(first), () => Promise.reject(fault('STORAGE_UNAVAILABLE'))]
    const failing = onNodeWith({
      swap: () => Promise.reject(fault('VERSION_MISMATCH')),
      readVersioned: () => (answers.shift() ?? (() => Promise.reject(new Error('not asked again'))))(),
    })
    await expect(failing.append(chunkAt(0, 'hello'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await partsThere()).toHaveLength(1)
  })

  it('leaves no parts where the disk is full', async () => {
    const full = onNodeWith({ swap: () => Promise.reject(fault('STORAGE_FULL')) })
    await expect(full.append(chunkAt(0, 'hello'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await partsThere()).toEqual([])
    expect(await client.status()).toBe(0)
  })

  it('that another request was before is refused, though its parts cannot be removed', async () => {
    const second = onNodeWith({
      append: async (...args) => {
        const parts = await storage.append(...args)
        await client.append(chunkAt(0, 'HELLO'))
        return parts
      },
      discard: () => Promise.reject(fault('STORAGE_UNAVAILABLE')),
    })
    await expect(second.append(chunkAt(0, 'hello'))).rejects.toMatchObject({
      code: 'RANGE_INVALID',
      detail: { range: '0-4', offset: 5 },
    })
    await client.complete(digestOf('HELLO'))
    expect(await client.read(digestOf('HELLO'))).toBe('HELLO')
  })
})

describe('a completion that storage fails', () => {
  const digest = digestOf('hello you')

  it.each(['complete', 'put', 'abort'] as const)(
    'by its "%s" keeps the upload, and can be repeated',
    async (method) => {
      await client.append(chunkAt(0, 'hello'))
      await client.append(chunkAt(5, ' you'))
      const full = onNodeWith({ [method]: () => Promise.reject(fault('STORAGE_FULL')) })
      await expect(full.complete(digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(await client.complete(digest)).toEqual({ digest, size: 9 })
      expect(await client.read(digest)).toBe('hello you')
      await expect(client.status()).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' })
    },
  )

  it.each(['put', 'abort'] as const)('by its "%s" can be repeated where the PUT has the whole body', async (method) => {
    const full = onNodeWith({ [method]: () => Promise.reject(fault('STORAGE_FULL')) })
    await expect(full.complete(digest, body('hello you'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await client.complete(digest, body('hello you'))).toEqual({ digest, size: 9 })
    expect(await client.read(digest)).toBe('hello you')
  })

  it('in placing the data shows no blob, though its link was written', async () => {
    const full = onNodeWith({
      put: (path, ...args) =>
        path === layout.blobDataPath(digest) ? Promise.reject(fault('STORAGE_FULL')) : storage.put(path, ...args),
    })
    await expect(full.complete(digest, body('hello you'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(client.read(digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })
})

describe('an outage of storage', () => {
  it('is told to the client of any request, and ends nothing', async () => {
    const down = (): Promise<never> => Promise.reject(fault('STORAGE_UNAVAILABLE'))
    const failing = onNodeWith({ readVersioned: down, swap: down, put: down })
    const outage = { code: 'UNAVAILABLE', cause: { code: 'STORAGE_UNAVAILABLE' } }
    await expect(failing.status()).rejects.toMatchObject(outage)
    await expect(failing.append(body('x'))).rejects.toMatchObject(outage)
    await expect(failing.complete(digestOf('x'), body('x'))).rejects.toMatchObject(outage)
    await expect(failing.cancel()).rejects.toMatchObject(outage)
    await expect(UploadClient.start(services({ swap: down }))).rejects.toMatchObject(outage)
    expect(await client.status()).toBe(0)
  })
})
