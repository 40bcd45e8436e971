import { createHash, randomBytes } from 'node:crypto'
import { ByteBudget, type ByteStream, collect } from '@berth/bytes'
import type { Part, StoragePath } from '@berth/storage'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openOnServer, settingsUnderTest } from '../driver-under-test.ts'
import { EarlyPut } from './early-put.ts'
import { type Fate, FaultyProxy } from '../faulty-proxy.ts'
import { PieceContent } from '../gathering/piece-content.ts'
import type { S3DriverOptions } from '../s3-driver.ts'
import { leastPart, type S3Settings } from '../s3-settings.ts'
import { SharedBuffers } from '../gathering/shared-buffers.ts'

const mebibyte = 1024 * 1024
const area = '/u/one' as StoragePath
const content = randomBytes(8 * mebibyte)
const chunkBytes = 64 * 1024

/** A driver whose store is behind a proxy. */
async function open(settings: Partial<S3Settings> = {}, options: Partial<S3DriverOptions> = {}) {
  const { endpoint = '' } = settingsUnderTest()
  const proxy = await FaultyProxy.to(endpoint)
  onTestFinished(() => proxy.close())
  const { driver, close } = await openOnServer({ endpoint: proxy.endpoint, chunkSize: leastPart, ...settings }, options)
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

it('is not tried again at once where the store did not take it', async () => {
  const { driver, proxy, puts } = await open()
  proxy.fate = (method) => (method === 'PUT' && puts().length === 1 ? { status: 503, code: 'SlowDown' } : 'pass')
  await driver.append(area, [], arriving(), { size })
  proxy.fate = () => 'pass'
  proxy.seen.splice(0)
  const look = async (): Promise<void> => {
    await expect(driver.stat('/none' as StoragePath)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    expect(puts()).toHaveLength(0)
  }
  await driver.append(area, [], arriving(look), { size })
  expect(puts()).toHaveLength(1)
})

it('has pieces that the buffers can hold, whatever is configured', async () => {
  const { driver, puts, stored } = await open({ chunkSize: 1024 * mebibyte }, { budget: new ByteBudget(6 * mebibyte) })
  const parts = await driver.append(area, [], arriving(), { size })
  expect(puts()).toHaveLength(2)
  expect(Buffer.compare(await stored(parts), content)).toBe(0)
})

describe('a client', () => {
  afterEach(() => void vi.useRealTimers())

  const size = 4 * mebibyte + 100
  const begin = (limit = 64 * mebibyte) => {
    const seen: { signal?: AbortSignal; sent: number } = { sent: 0 }
    const early = new EarlyPut({
      size,
      mayBegin: () => true,
      send: async (sending, signal) => {
        seen.signal = signal
        for await (const chunk of sending) seen.sent += chunk.byteLength
        signal.throwIfAborted()
      },
    })
    const budget = new ByteBudget(limit)
    const buffers = new SharedBuffers({ budget })
    const piece = new PieceContent(buffers.blocks)
    const bytes = buffers.begin()
    const add = async (count: number): Promise<void> => {
      await bytes.grow(count, leastPart, undefined)
      piece.add(Buffer.alloc(count))
      early.onGrown(piece, bytes)
    }
    return { early, add, seen, budget }
  }

  it('that sends fast has all of its piece reserved, and sent', async () => {
    const { early, add, seen, budget } = begin()
    await add(mebibyte)
    expect(budget.taken).toBe(size)
    await add(size - mebibyte)
    expect(await early.isDone()).toBe(true)
    expect(seen.sent).toBe(size)
  })

  it('that sends slowly from the start has nothing sent early', async () => {
    vi.useFakeTimers()
    const { early, add, seen } = begin()
    await add(mebibyte / 2)
    await vi.advanceTimersByTimeAsync(300)
    await add(3.5 * mebibyte)
    expect(seen.signal).toBeUndefined()
    expect(await early.isDone()).toBe(false)
  })

  it('that becomes slow is not waited for in the middle of a request, and keeps no room that it does not use', async () => {
    vi.useFakeTimers()
    const { early, add, seen, budget } = begin()
    await add(mebibyte)
    expect(seen.signal?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(5000)
    expect(seen.signal?.aborted).toBe(true)
    expect(budget.taken).toBe(mebibyte)
    await add(size - mebibyte)
    expect(await early.isDone()).toBe(false)
  })

  it('has nothing sent early where too little would be left for others', async () => {
    const { early, add, seen } = begin(5 * mebibyte)
    await add(mebibyte)
    await add(size - mebibyte)
    expect(seen.signal).toBeUndefined()
    expect(await early.isDone()).toBe(false)
  })

  it('that sends more than it announced has no more sent, and that is not the piece', async () => {
    const { early, add, seen } = begin()
    await add(mebibyte)
    await add(size)
    expect(await early.isDone()).toBe(false)
    expect(seen.sent).toBeLessThanOrEqual(size)
  })
})
