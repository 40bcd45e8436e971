import { StoredBlobs } from '@berth/blobs/stored'
import { collect } from '@berth/bytes'
import { digestOf } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { StorageDriver } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyRing } from '../key-ring.ts'
import { body, chunkAt, repository, UploadClient } from '../suite/upload-client.ts'
import { StoredBlobUploads } from './stored-blob-uploads.ts'

const keys = new KeyRing({ signing: 'k' })

/** A driver whose every call waits for its turn. */
function scheduledDriver(driver: StorageDriver, scheduler: fc.Scheduler, owner: string): StorageDriver {
  return new Proxy(driver, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      if (name === 'readParts') return method.bind(target) as unknown
      return async (...args: readonly unknown[]): Promise<unknown> => {
        await scheduler.schedule(Promise.resolve(), `${owner}: ${String(name)}`)
        return method.apply(target, args)
      }
    },
  })
}

/** All that was acknowledged of one upload, by whomever. */
class History {
  /** By the offset that each began at. */
  readonly #chunks = new Map<number, string>()

  acknowledge(start: number, text: string): void {
    if (text === '') return
    if (this.#chunks.has(start)) throw new Error(`two chunks at ${start} were acknowledged`)
    this.#chunks.set(start, text)
  }

  /** The bytes up to an offset, if all of them were acknowledged. */
  upTo(offset: number): string | undefined {
    let text = ''
    while (text.length < offset) {
      const next = this.#chunks.get(text.length)
      if (next === undefined) return undefined
      text += next
    }
    return text.length === offset ? text : undefined
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('append' as const), size: fc.nat(3), isOneOfMany: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('status' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('complete' as const), algorithm: fc.constantFrom('sha256', 'sha512') }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('cancel' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Takes a step; what was acknowledged goes into the history. */
async function take(client: UploadClient, letter: string, history: History, each: Step): Promise<void> {
  const start = client.upload.offset
  if (each.does === 'append') {
    const text = letter.repeat(each.size)
    await client.append(each.isOneOfMany ? chunkAt(start, text) : body(text))
    history.acknowledge(start, text)
  } else if (each.does === 'complete') {
    const text = history.upTo(start)
    if (text === undefined) return
    const digest = digestOf(text, each.algorithm)
    expect(await client.complete(digest)).toEqual({ digest, size: text.length })
    expect(await client.read(digest)).toBe(text)
  } else await client[each.does]()
}

async function follow(client: UploadClient, letter: string, history: History, steps: readonly Step[]): Promise<void> {
  for (const each of steps) {
    const known = client.upload.offset
    const end = await take(client, letter, history, each).then(() => 'done', endOf)
    // Never DIGEST_INVALID: an offset that was acknowledged always stands for the same bytes.
    expect(['done', 'RANGE_INVALID', 'BLOB_UPLOAD_UNKNOWN']).toContain(end)
    expect(client.upload.offset).toBeGreaterThanOrEqual(known)
  }
}

function endOf(error: unknown): unknown {
  return error instanceof RegistryError ? error.code : error
}

describe('two clients of one upload', () => {
  it('find what was acknowledged, in whatever order storage hears them', async () => {
    const steps = fc.array(step, { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, steps, async (scheduler, ours, theirs) => {
        const storage = new MemoryDriver()
        const blobs = new StoredBlobs({ storage })
        const on = (driver: StorageDriver) => ({ uploads: new StoredBlobUploads({ storage: driver, keys }), blobs })
        const client = await UploadClient.start(on(storage))
        const history = new History()
        const [a, b] = ['A', 'B'].map((name) => client.on(on(scheduledDriver(storage, scheduler, name))))
        if (a === undefined || b === undefined) return
        await scheduler.waitFor(Promise.all([follow(a, 'A', history, ours), follow(b, 'B', history, theirs)]))

        const offset = await client.status().catch(() => undefined)
        if (offset === undefined) return
        expect(offset).toBeGreaterThanOrEqual(Math.max(a.upload.offset, b.upload.offset))
        const text = history.upTo(offset) ?? 'bytes that nobody acknowledged'
        await client.complete(digestOf(text))
        const content = await collect(await blobs.read(repository, digestOf(text)), 1000)
        expect(Buffer.from(content).toString()).toBe(text)
      }),
      { numRuns: 150 },
    )
  })
})
