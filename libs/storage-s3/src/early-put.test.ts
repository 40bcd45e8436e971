import { createHash, randomBytes } from 'node:crypto'
import { type ByteStream, collect } from '@berth/bytes'
import type { Part, StoragePath } from '@berth/storage'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { BlockPool } from './block-pool.ts'
import { openOnServer, settingsUnderTest } from './driver-under-test.ts'
import { EarlyPut } from './early-put.ts'
import { type Fate, FaultyProxy } from './faulty-proxy.ts'
import { PieceContent } from './piece-content.ts'
import { leastPart, type S3Settings } from './s3-settings.ts'

const mebibyte = 1024 * 1024
const area = '/u/one' as StoragePath
const content = randomBytes(8 * mebibyte)
const chunkBytes = 64 * 1024

/** A driver whose store is behind a proxy. */
async function open(settings: Partial<S3Settings> = {}) {
  const { endpoint = '' } = settingsUnderTest()
  const proxy = await FaultyProxy.to(endpoint)
  onTestFinished(() => proxy.close())
  const { driver, close } = await openOnServer({ endpoint: proxy.endpoint, chunkSize: leastPart, ...settings })
  onTestFinished(close)
  proxy.seen.splice(0)
  const puts = (): readonly string[] => proxy.seen.filter((each) => each.startsWith('PUT'))
  const stored = async (parts: readonly Part[]) => Buffer.from(await collect(driver.readParts(area, parts), Infinity))
  return { driver, proxy, puts, stored }
}

/** The content up to `end`; `then` runs once four mebibytes of it were taken. */
async function* arriving(then: () => unknown = () => {}, end = content.byteLength): ByteStream {
  for (let at = 0; at < end; at += chunkBytes) {
    if (at === 4 * mebibyte) await then()
    yield content.subarray(at, Math.min(end, at + chunkBytes))
  }
}

const size = content.byteLength

describe('content of a known size', () => {
  it('is on its way before all of it has come, and is sent once', async () => {
    const { driver, puts, stored } = await open()
    const parts = await driver.append(
      area,
      [],
      arriving(() => vi.waitUntil(() => puts().length > 0)),
      { size },
    )
    expect(puts()).toHaveLength(1)
    expect(Buffer.compare(await stored(parts), content)).toBe(0)
  })

  it('waits for all of a piece where the store is to have a checksum', async () => {
    const { driver, puts } = await open({ checksums: true })
    const look = async (): Promise<void> => {
      await expect(driver.stat('/none' as StoragePath)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(puts()).toHaveLength(0)
    }
    await driver.append(area, [], arriving(look, leastPart), { size: leastPart })
    expect(puts()).toHaveLength(1)
  })

  it('is kept as far as it came where its client is cut off', async () => {
    const { driver, puts, stored } = await open()
    const cutOff = arriving(() => vi.waitUntil(() => puts().length > 0), 7 * mebibyte)
    const parts = await driver.append(area, [], cutOff, { size })
    expect(Buffer.compare(await stored(parts), content.subarray(0, 7 * mebibyte))).toBe(0)
  })

  it('leaves nothing where it fails', async () => {
    const { driver, puts } = await open()
    const error = new Error('no more')
    const failing = arriving(async () => {
      await vi.waitUntil(() => puts().length > 0)
      throw error
    })
    await expect(driver.append(area, [], failing, { size })).rejects.toBe(error)
    await expect(driver.list(area)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  const fates: readonly (readonly [string, Fate])[] = [
    ['throttled', { status: 503, code: 'SlowDown' }],
    ['refused', { status: 403, code: 'AccessDenied' }],
    ['cut', 'cut'],
    ['cut in the middle', { cutRequestAfter: 2 * mebibyte }],
    ['done, and its answer is lost,', 'lose answer'],
  ]
  it.each(fates)('is sent whole where the early request is %s', async (_name, fate) => {
    const { driver, proxy, puts, stored } = await open()
    proxy.fate = (method) => (method === 'PUT' && puts().length === 1 ? fate : 'pass')
    const parts = await driver.append(area, [], arriving(), { size })
    expect(puts()).toHaveLength(2)
    expect(Buffer.compare(await stored(parts), content)).toBe(0)
  })
})

it('never sends memory that was used again meanwhile', async () => {
  const { driver, proxy } = await open({ maxAttempts: 10 })
  const fates: readonly Fate[] = ['cut', { cutRequestAfter: mebibyte }, 'lose answer', { delayMs: 20 }]
  let count = 0
  proxy.fate = (method) => (method === 'PUT' && ++count % 3 === 0 ? (fates[(count / 3) % 4] ?? 'pass') : 'pass')
  const append = async (seed: number): Promise<void> => {
    // Each byte tells where it belongs, and to which of all.
    const own = createHash('shake256', { outputLength: 12 * mebibyte })
      .update(String(seed))
      .digest()
    async function* chunks(): ByteStream {
      for (let at = 0; at < own.byteLength; at += chunkBytes) yield Buffer.from(own.subarray(at, at + chunkBytes))
    }
    const known = seed % 2 === 0 ? { size: own.byteLength } : {}
    const parts = await driver.append(`/u/${seed}` as StoragePath, [], chunks(), known)
    const read = await collect(driver.readParts(`/u/${seed}` as StoragePath, parts), Infinity)
    expect(Buffer.compare(Buffer.from(read), own), `content ${seed}`).toBe(0)
  }
  for (let round = 0; round < 4; round++)
    await Promise.all(Array.from({ length: 6 }, (_, index) => append(round * 6 + index)))
})

describe('a client', () => {
  afterEach(() => void vi.useRealTimers())

  const begin = () => {
    const seen: { signal?: AbortSignal } = {}
    const early = new EarlyPut(4 * mebibyte, (_content, signal) => {
      seen.signal = signal
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    })
    const piece = new PieceContent(new BlockPool())
    const add = (bytes: number): void => {
      piece.add(Buffer.alloc(bytes))
      early.onGrown(piece)
    }
    return { early, add, seen }
  }

  it('that sends slowly from the start has nothing sent early', async () => {
    vi.useFakeTimers()
    const { early, add, seen } = begin()
    add(mebibyte / 2)
    await vi.advanceTimersByTimeAsync(300)
    add(3.5 * mebibyte)
    expect(seen.signal).toBeUndefined()
    expect(await early.isDone()).toBe(false)
  })

  it('that becomes slow is not waited for in the middle of a request', async () => {
    vi.useFakeTimers()
    const { early, add, seen } = begin()
    add(mebibyte)
    expect(seen.signal?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(5000)
    expect(seen.signal?.aborted).toBe(true)
    add(3 * mebibyte)
    expect(await early.isDone()).toBe(false)
  })
})
