import { StoredBlobs } from '@berth/blobs/stored'
import type { ByteStream } from '@berth/bytes'
import { digestOf } from '@berth/digest'
import type { StorageDriver } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { KeyRing } from '../key-ring.ts'
import { alteredDriver } from '../suite/altered-driver.ts'
import { body, UploadClient } from '../suite/upload-client.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'

const keys = new KeyRing({ signing: 'k' })
const wrongSha512 = digestOf('wrong', 'sha512')

let storage: MemoryDriver
let rehashed: number
/** Reads of parts that have begun. Each waits until it is released. */
let held: { release: () => void }[]
/** Number of reads that are over. */
let stopped: number

async function* heldParts(...[area, parts]: Parameters<StorageDriver['readParts']>): ByteStream {
  try {
    for await (const bytes of storage.readParts(area, parts)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.push({ release: resolve })
      await promise
      yield bytes
    }
  } finally {
    stopped += 1
  }
}

function services(driver: StorageDriver) {
  const observer = {
    started() {},
    received() {},
    completed() {},
    rehashed: (bytes: number) => void (rehashed += bytes),
  }
  return { uploads: new StoredBlobUploads({ storage: driver, keys, observer }), blobs: new StoredBlobs({ storage }) }
}

let holding: ReturnType<typeof services>
let client: UploadClient

beforeEach(async () => {
  storage = new MemoryDriver()
  rehashed = 0
  held = []
  stopped = 0
  holding = services(alteredDriver(storage, { readParts: heldParts }))
  client = await UploadClient.start(holding)
  await client.append(body('hello'))
})

const turn = (): Promise<void> => new Promise(setImmediate)

async function turns(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await turn()
}

async function untilHeld(count: number): Promise<void> {
  while (held.length < count) await turn()
}

const outcomes = (results: readonly PromiseSettledResult<unknown>[]): readonly unknown[] =>
  results.map((each) =>
    each.status === 'fulfilled' ? 'done' : ((each.reason as { code?: string }).code ?? each.reason),
  )

describe('reading an upload back', () => {
  it('is done once for all PATCHes that need it at once, of which one succeeds', async () => {
    const appending = Promise.allSettled(
      Array.from({ length: 20 }, () => holding.uploads.append(client.ref, body('!'))),
    )
    await untilHeld(1)
    await turns()
    expect(held).toHaveLength(1)
    const ended = outcomes(await releasingAll(appending))
    expect(ended.filter((end) => end === 'RANGE_INVALID')).toHaveLength(19)
    expect(ended).toContain('done')
    expect(rehashed).toBe(5)
  })

  it('is done once for all PUTs with a wrong digest of another algorithm', async () => {
    const completing = Promise.allSettled(
      Array.from({ length: 20 }, () => holding.uploads.complete(client.ref, wrongSha512)),
    )
    await untilHeld(1)
    await turns()
    expect(new Set(outcomes(await releasingAll(completing)))).toEqual(new Set(['DIGEST_INVALID']))
    expect(rehashed).toBe(5)
    expect(held).toHaveLength(1)
  })

  it('is not done for a PATCH that waited for its first byte until another had published', async () => {
    const begin = Promise.withResolvers<void>()
    async function* late(): ByteStream {
      await begin.promise
      yield Buffer.from('late')
    }
    const waiting = holding.uploads.append(client.ref, { content: late(), isOneOfMany: false })
    const first = await releasingAll(Promise.allSettled([client.append(body(' you'))]))
    expect(outcomes(first)).toEqual(['done'])
    begin.resolve()
    await expect(waiting).rejects.toMatchObject({ code: 'RANGE_INVALID', detail: { offset: 9 } })
    expect(rehashed).toBe(5)
  })

  it('stops when all clients that wait for it are gone', async () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const completing = Promise.allSettled(
      [one, two].map(({ signal }) => holding.uploads.complete(client.ref, wrongSha512, undefined, signal)),
    )
    await untilHeld(1)
    one.abort(new Error('gone'))
    two.abort(new Error('gone, too'))
    expect(outcomes(await completing)).toEqual([new Error('gone'), new Error('gone, too')])
    held[0]?.release()
    while (stopped === 0) await turn()
    expect(rehashed).toBe(0)
  })

  it('goes on for a client that stays when another is gone', async () => {
    const gone = new AbortController()
    const leaving = holding.uploads.complete(client.ref, wrongSha512, undefined, gone.signal)
    const staying = holding.uploads.complete(client.ref, digestOf('hello', 'sha512'))
    await untilHeld(1)
    gone.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    held[0]?.release()
    expect(await staying).toMatchObject({ size: 5 })
    expect(rehashed).toBe(5)
  })

  it('is refused where the upload went on meanwhile on another node', async () => {
    const completing = holding.uploads.complete(client.ref, digestOf('hello', 'sha512'))
    await untilHeld(1)
    await client.on(services(storage)).append(body(' you'))
    held[0]?.release()
    await expect(completing).rejects.toMatchObject({ code: 'RANGE_INVALID', detail: { offset: 9 } })
  })

  it('stops soon after the upload went on', async () => {
    let read = 0
    const slow = services(
      alteredDriver(storage, {
        async *readParts() {
          for (; read < 10; read += 1) {
            if (read === 1) await client.on(services(storage)).append(body(' you'))
            yield new Uint8Array(32 * 1024 * 1024)
          }
        },
      }),
    )
    const completing = slow.uploads.complete(client.ref, digestOf('hello', 'sha512'))
    await expect(completing).rejects.toMatchObject({ code: 'RANGE_INVALID', detail: { offset: 9 } })
    expect([read, rehashed]).toEqual([1, 5])
  })

  it('is done for two uploads at once, for others one after the other, and for too many not at all', async () => {
    const clients = await Promise.all(Array.from({ length: 70 }, () => UploadClient.start(holding)))
    for (const each of clients) await each.append(body('hello'))
    const completing = Promise.allSettled(clients.map((each) => each.complete(wrongSha512)))
    await untilHeld(2)
    await turns()
    expect(held).toHaveLength(2)
    const ended = outcomes(await releasingAll(completing))
    expect(ended.filter((code) => code === 'DIGEST_INVALID')).toHaveLength(66)
    expect(ended.filter((code) => code === 'UNAVAILABLE')).toHaveLength(4)
    expect(rehashed).toBe(66 * 5)
  })

  it('lets other work go on after every 128 KiB', async () => {
    const many = 64
    const long = await UploadClient.start(services(storage))
    await long.append(body('x'.repeat(many * 128 * 1024)))
    let isOver = false
    let count = 0
    const counting = (async () => {
      for (; !isOver; count += 1) await turn()
    })()
    await expect(long.complete(wrongSha512)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    isOver = true
    await counting
    expect(count).toBeGreaterThanOrEqual(many)
  })
})

/** Lets every read-back go on until the result is there. */
async function releasingAll<T>(result: Promise<T>): Promise<T> {
  let isOver = false
  const over = result.finally(() => {
    isOver = true
  })
  while (!isOver) {
    for (const { release } of held) release()
    await turn()
  }
  return over
}
