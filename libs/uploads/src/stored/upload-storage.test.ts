import { createRequire } from 'node:module'
import { StoredBlobs } from '@berth/blobs/stored'
import { collect } from '@berth/bytes'
import { digestOf } from '@berth/digest'
import { layout, type StorageDriver, type StoragePath } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { KeyRing } from '../key-ring.ts'
import { alteredDriver, watchedDriver } from '../suite/altered-driver.ts'
import { body, chunkAt, cutOff, repository, UploadClient } from '../suite/upload-client.ts'
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { hashMaker, type StateRecord } from './content-hash.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'
import type { UploadObserver } from './upload-observer.ts'

const keys = new KeyRing({ signing: 'k' })
const startMs = Date.UTC(2026, 10, 22, 4, 51, 1, 999)

let storage: MemoryDriver
let calls: string[]
let rehashed: number
let observed: string[]
let client: UploadClient

function servicesOn(driver: StorageDriver, ring = keys) {
  const observer: UploadObserver = {
    started: () => void observed.push('started'),
    received: (bytes) => void observed.push(`received ${bytes}`),
    completed: () => void observed.push('completed'),
    rehashed: (bytes) => void (rehashed += bytes),
  }
  const uploads = new StoredBlobUploads({ storage: driver, keys: ring, observer, nowMs: () => startMs })
  return { uploads, blobs: new StoredBlobs({ storage }) }
}

beforeEach(async () => {
  storage = new MemoryDriver()
  calls = []
  rehashed = 0
  observed = []
  const watched = watchedDriver(storage, (method, [path, ...args]) => {
    const last = args.at(-1)
    const isDurable = !(typeof last === 'object' && last !== null && 'durable' in last && last.durable === false)
    calls.push(`${method} ${String(path).split('/').at(-1)}${isDurable ? '' : ' (not durable)'}`)
  })
  client = await UploadClient.start(servicesOn(watched))
})

const area = (): StoragePath => layout.uploadRoot(repository, client.upload.id)
const checkpointPath = (): StoragePath => layout.uploadCheckpointPath(repository, client.upload.id)

async function textAt(path: StoragePath): Promise<string> {
  return Buffer.from(await collect((await storage.read(path)).content, 1000)).toString()
}

async function namesIn(path: StoragePath): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of storage.list(path)) names.push(name)
  return names
}

describe('an upload in storage', () => {
  it('says when it was started, as Distribution does', async () => {
    expect(await textAt(layout.below(area(), 'startedat'))).toBe('2026-11-22T04:51:01Z')
  })

  it('waits for no disk when it is started', () => {
    expect(calls.toSorted()).toEqual(['put startedat (not durable)', 'swap checkpoint (not durable)'])
  })

  it('has a part for each request that brought bytes, and nothing of the others', async () => {
    await client.append(chunkAt(0, 'hello'))
    await client.append(chunkAt(5, ''))
    await client.append({ ...chunkAt(5, ''), content: cutOff(), size: 9 }).catch(() => {})
    await client.append({ ...chunkAt(5, ''), content: cutOff(' y'), size: 9 }).catch(() => {})
    expect((await namesIn(area())).filter((name) => name.startsWith('part.'))).toHaveLength(2)
  })

  it('has nothing of a last chunk whose digest is wrong', async () => {
    await client.append(chunkAt(0, 'hello'))
    const before = await namesIn(area())
    await expect(client.complete(digestOf('wrong'), chunkAt(5, ' you'))).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
    })
    expect(await namesIn(area())).toEqual(before)
  })

  it('has few parts, and a small checkpoint, however many small chunks it has', async () => {
    for (let at = 0; at < 500; at += 1) await client.append(chunkAt(at, 'x'))
    const parts = (await namesIn(area())).filter((name) => name.startsWith('part.'))
    expect(parts.length).toBeLessThan(12)
    const { content } = await storage.readVersioned(checkpointPath())
    expect(content.byteLength).toBeLessThan(2_000)
    expect(
      parseCheckpoint(content)
        ?.parts.map(({ name }) => name)
        .toSorted(),
    ).toEqual(parts.toSorted())
    await client.complete(digestOf('x'.repeat(500)))
    expect(await client.read(digestOf('x'.repeat(500)))).toBe('x'.repeat(500))
  })

  it('is gone with all that it had when it is complete', async () => {
    await client.append(body('hello'))
    await client.complete(digestOf('hello'))
    await expect(storage.stat(area())).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  it('is stored, linked and served under the digest that the client named', async () => {
    const digest = digestOf('hello', 'sha512')
    await client.complete(digest, body('hello'))
    expect(await textAt(layout.blobDataPath(digest))).toBe('hello')
    expect(await textAt(layout.layerLinkPath(repository, digest))).toBe(digest)
    await expect(storage.stat(layout.blobDataPath(digestOf('hello')))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  it('replaces a blob that is damaged', async () => {
    const digest = digestOf('hello')
    for (const isPatched of [true, false]) {
      await storage.put(layout.blobDataPath(digest), Buffer.from('HELLO'))
      const again = await UploadClient.start(servicesOn(storage))
      if (isPatched) await again.append(body('hello'))
      await again.complete(digest, isPatched ? undefined : body('hello'))
      expect(await textAt(layout.blobDataPath(digest))).toBe('hello')
    }
  })

  it.each(['{"v":2}', '{"v":1}', '', '[]', 'null', '{"v":1,"id":"a","size":-1,"parts":[],"hash":{}}'])(
    'is unknown where its checkpoint is %j, of another version or damaged',
    async (text) => {
      const { version } = await storage.readVersioned(checkpointPath())
      await storage.swap(checkpointPath(), version, Buffer.from(text))
      await expect(client.status()).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' })
      await expect(client.append(body('x'))).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' })
    },
  )
})

describe('what a request costs', () => {
  beforeEach(() => {
    calls = []
  })

  it('as one PUT: the checkpoint read, data and link put, the upload removed', async () => {
    await client.complete(digestOf('hello'), body('hello'))
    expect(calls).toEqual(['readVersioned checkpoint', 'put data', 'put link', `abort ${client.upload.id}`])
  })

  it('as a PATCH: the checkpoint read, a part appended, the checkpoint swapped', async () => {
    await client.append(body('hello'))
    expect(calls).toEqual(['readVersioned checkpoint', `append ${client.upload.id}`, 'swap checkpoint'])
  })

  it('as an empty PUT: the checkpoint read, the parts placed, the link put, the upload removed', async () => {
    await client.append(body('hello'))
    calls = []
    await client.complete(digestOf('hello'))
    const { id } = client.upload
    expect(calls).toEqual(['readVersioned checkpoint', `complete ${id}`, 'put link', `abort ${id}`])
  })
})

describe('the hash of an upload', () => {
  it('is of a version that is installed', () => {
    const { name, version } = createRequire(import.meta.url)('hash-wasm/package.json') as Record<string, string>
    expect(hashMaker).toBe(`${name}@${version}`)
  })

  it.each(['sha256', 'sha384', 'sha512'] as const)('of %s goes on from chunk to chunk', async (algorithm) => {
    const many = await UploadClient.start(servicesOn(storage), { algorithm })
    for (const at of [0, 4, 8]) await many.append(chunkAt(at, 'four'))
    await many.complete(digestOf('fourfourfourlast', algorithm), chunkAt(12, 'last'))
    expect(rehashed).toBe(0)
  })

  it('of one PATCH is all that an empty PUT needs', async () => {
    await client.append(body('hello'))
    await client.complete(digestOf('hello'))
    expect(rehashed).toBe(0)
  })

  it('of one PUT is of the algorithm that the digest names', async () => {
    await client.complete(digestOf('hello', 'sha384'), body('hello'))
    expect(rehashed).toBe(0)
  })

  it('is made anew once where a body without a range is continued', async () => {
    await client.append(body('hello'))
    await client.append(body(' you'))
    expect(rehashed).toBe(5)
    await client.append(body(' there'))
    await client.complete(digestOf('hello you there!'), body('!'))
    expect(rehashed).toBe(5)
  })

  it('is not made anew for a request without bytes', async () => {
    await client.append(body('hello'))
    await client.append(body(''))
    await client.complete(digestOf('hello'), body(''))
    expect(rehashed).toBe(0)
  })

  it('is made anew once where the digest is of another algorithm than the upload was started for', async () => {
    await client.append(chunkAt(0, 'hello'))
    await client.complete(digestOf('hello', 'sha512'))
    expect(rehashed).toBe(5)
  })

  it.each([undefined, ' you'])(
    'is made anew once for each algorithm, however often a digest is wrong (last chunk: %s)',
    async (last) => {
      await client.append(body('hello'))
      for (let time = 0; time < 3; time += 1)
        for (const algorithm of ['sha512', 'sha384'] as const) {
          const wrong = client.complete(digestOf('wrong', algorithm), last === undefined ? undefined : body(last))
          await expect(wrong).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
        }
      expect(rehashed).toBe(2 * 5)
    },
  )

  it('that was made anew goes on with every later chunk', async () => {
    await client.append(chunkAt(0, 'hello'))
    await client.complete(digestOf('wrong', 'sha512')).catch(() => {})
    expect(rehashed).toBe(5)
    for (let at = 5; at < 10; at += 1) {
      await client.append(chunkAt(at, '!'))
      for (const algorithm of ['sha256', 'sha512'] as const)
        await expect(client.complete(digestOf('wrong', algorithm))).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    }
    await client.complete(digestOf('hello!!!!!', 'sha512'))
    expect(rehashed).toBe(5)
  })

  it('is made anew once where what another version has made cannot be gone on with', async () => {
    await client.append(chunkAt(0, 'hello'))
    for (const change of [{ madeBy: 'hash-wasm@1.0.0' }, { state: 'AAAA' }, { state: '' }]) {
      const { version, content } = await storage.readVersioned(checkpointPath())
      const checkpoint = parseCheckpoint(content)
      if (checkpoint === undefined) throw new Error('no checkpoint')
      const hash = { ...(checkpoint.hashes[0] as StateRecord), ...change }
      await storage.swap(checkpointPath(), version, formatCheckpoint({ ...checkpoint, hashes: [hash] }))
      rehashed = 0
      observed = []
      await client.append(chunkAt(client.upload.offset, '.'))
      expect(rehashed).toBe(client.upload.offset - 1)
    }
    await client.complete(digestOf('hello...'))
    expect(await client.read(digestOf('hello...'))).toBe('hello...')
  })
})

describe('the keys of uploads', () => {
  const started = (ring: KeyRing): Promise<UploadClient> => UploadClient.start(servicesOn(storage, ring))
  const rotated = new KeyRing({ signing: 'new', verifying: ['k'] })

  it('let any node that has them go on', async () => {
    const begun = await started(keys)
    await begun.append(chunkAt(0, 'hello'))
    const there = begun.on(servicesOn(storage, new KeyRing({ signing: 'k' })))
    await there.complete(digestOf('hello'))
    expect(await there.read(digestOf('hello'))).toBe('hello')
  })

  it('may be rotated while uploads go on', async () => {
    const begun = await started(keys)
    const after = begun.on(servicesOn(storage, rotated))
    await after.append(chunkAt(0, 'hello'))
    expect(await after.on(servicesOn(storage, new KeyRing({ signing: 'new' }))).status()).toBe(5)
  })

  it('are not guessed by a node that lacks them', async () => {
    const begun = await started(rotated)
    await expect(begun.on(servicesOn(storage, keys)).status()).rejects.toMatchObject({ code: 'BLOB_UPLOAD_INVALID' })
  })
})

describe('what is left to do when an upload ends', () => {
  it('keeps no client waiting, but the one who closes', async () => {
    const removed = Promise.withResolvers<void>()
    const slow = alteredDriver(storage, {
      abort: async (path) => (await storage.abort(path), { removed: removed.promise }),
    })
    const { uploads, blobs } = servicesOn(slow)
    const other = client.on({ uploads, blobs })
    await other.complete(digestOf('hello'), body('hello'))
    let isClosed = false
    const closed = uploads.close().then(() => {
      isClosed = true
    })
    await new Promise(setImmediate)
    expect(isClosed).toBe(false)
    removed.resolve()
    await closed
  })

  it('is logged where it fails, since no client hears of it', async () => {
    const logged: unknown[] = []
    const note = (...entry: unknown[]): void => void logged.push(entry)
    const log = { debug: note, info: note, warn: note, error: note }
    const error = new Error('busy')
    const failing = alteredDriver(storage, { abort: async () => ({ removed: Promise.reject(error) }) })
    const uploads = new StoredBlobUploads({ storage: failing, keys, log })
    await client.on({ uploads, blobs: new StoredBlobs({ storage }) }).cancel()
    await uploads.close()
    const fields = { err: error, repository, upload: client.upload.id }
    expect(logged).toEqual([[fields, 'could not remove the bytes of an ended upload']])
  })
})

describe('the observer of uploads', () => {
  it('is told of the bytes of each request that are kept, also of one that was cut off', async () => {
    await client.append({ ...chunkAt(0, ''), content: cutOff('he'), size: 5 }).catch(() => {})
    await client.append(chunkAt(2, 'll'))
    await client.complete(digestOf('hello'), chunkAt(4, 'o'))
    expect(observed).toEqual(['started', 'received 2', 'received 2', 'received 1', 'completed'])
  })

  it('is told of a blob that came whole', async () => {
    await client.complete(digestOf('hello'), body('hello'))
    expect(observed).toEqual(['started', 'received 5', 'completed'])
  })

  it('is told of no completion where the digest is another', async () => {
    await client.complete(digestOf('other'), body('hello')).catch(() => {})
    expect(observed).toEqual(['started'])
  })
})
