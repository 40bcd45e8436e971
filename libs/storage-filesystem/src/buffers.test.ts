import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ByteBudget, type ByteStream, collect } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { openInTemporaryDirectory } from './driver-under-test.ts'
import { RecordedFileSystem } from './recorded-file-system.ts'

const at = (path: string): StoragePath => path as StoragePath
const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const large = Buffer.alloc(8 * mebibyte, 'x')
const whole = { start: 0, end: large.byteLength }

describe('buffers', () => {
  let budget: ByteBudget
  let recorded: RecordedFileSystem
  let opened: Awaited<ReturnType<typeof openInTemporaryDirectory>>

  beforeEach(async () => {
    budget = new ByteBudget(4 * mebibyte)
    recorded = new RecordedFileSystem()
    opened = await openInTemporaryDirectory({ budget, files: recorded.files })
    await opened.driver.put(at('/large'), large)
  })

  afterEach(async () => {
    await opened.close()
  })

  it('stay within the budget with many readers that take nothing, and leave room for one that does', async () => {
    const controller = new AbortController()
    const reason = new Error('gone')
    const begun: Promise<void>[] = []
    const stuck = Array.from({ length: 120 }, () => {
      const write = Promise.withResolvers<void>()
      begun.push(write.promise)
      const target = new Writable({ write: () => write.resolve() })
      return opened.driver.sendTo(at('/large'), whole, target, controller.signal)
    })
    await Promise.all(begun)
    expect(budget.taken).toBeLessThanOrEqual(4 * mebibyte)
    const fast = new Counter()
    await opened.driver.sendTo(at('/large'), whole, fast)
    expect(fast.count).toBe(large.byteLength)
    controller.abort(reason)
    const outcomes = await Promise.allSettled(stuck)
    expect(outcomes.filter((each) => each.status === 'rejected' && each.reason === reason)).toHaveLength(120)
    expect(budget.taken).toBe(0)
  })

  it('that slow readers of one share hold leave room for every other share, and for the process', async () => {
    const controller = new AbortController()
    const begun: Promise<void>[] = []
    const stuck = Array.from({ length: 300 }, (_, index) => {
      const write = Promise.withResolvers<void>()
      if (index < 50) begun.push(write.promise)
      const target = new Writable({ write: () => write.resolve() })
      return opened.driver.sendTo(at('/large'), whole, target, controller.signal, 'slow')
    })
    await Promise.all(begun)
    await expect.poll(() => budget.taken).toBeGreaterThan(1.9 * mebibyte)

    const fast = new Counter()
    await opened.driver.sendTo(at('/large'), whole, fast, undefined, 'fast')
    expect([fast.count, fast.largest]).toEqual([large.byteLength, 512 * kibibyte])
    await opened.driver.put(at('/copy'), chunksOf(large, 64 * kibibyte), { share: 'fast' })
    const { content } = await opened.driver.read(at('/copy'))
    expect(large.equals(await collect(content, large.byteLength))).toBe(true)
    expect(budget.taken).toBeLessThanOrEqual(2 * mebibyte)

    controller.abort(new Error('gone'))
    await Promise.allSettled(stuck)
    expect(budget.taken).toBe(0)
  })

  it('are refused to a reader whose share has none for longer than the patience', async () => {
    const small = await openInTemporaryDirectory({ budget: new ByteBudget(32 * kibibyte, { patienceMs: 1 }) })
    await small.driver.put(at('/large'), large)
    const controller = new AbortController()
    const begun = Promise.withResolvers<void>()
    const target = new Writable({ write: () => begun.resolve() })
    const stuck = small.driver.sendTo(at('/large'), whole, target, controller.signal, 'slow')
    await begun.promise

    const other = new Counter()
    const late = small.driver.sendTo(at('/large'), whole, other, undefined, 'slow')
    await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(other.count).toBe(0)

    controller.abort(new Error('gone'))
    await expect(stuck).rejects.toThrow('gone')
    expect(small.budget.taken).toBe(0)
    await small.close()
  })

  it('are large for a target that takes all at once', async () => {
    const target = new Counter()
    await opened.driver.sendTo(at('/large'), whole, target)
    expect(target.largest).toBe(512 * kibibyte)
    expect(budget.taken).toBe(0)
  })

  it('serve many short ranges together, of a file that is opened once', async () => {
    const target = new Counter()
    const pieces = Array.from({ length: 1024 }, (_, index) => ({ start: index * 1_000, end: index * 1_000 + 100 }))
    recorded.calls.splice(0)
    await opened.driver.sendPieces(at('/large'), pieces, target)
    expect(target.count).toBe(102_400)
    expect(target.writes).toBe(2)
    expect(recorded.calls.filter(({ name }) => name === 'open')).toHaveLength(1)
    expect(budget.taken).toBe(0)
  })

  it('are small for small content', async () => {
    const target = new Counter()
    await opened.driver.put(at('/small'), Buffer.alloc(300))
    await opened.driver.sendTo(at('/small'), { start: 0, end: 300 }, target)
    const { content } = await opened.driver.read(at('/small'))
    const chunk = await collect(content, 300)
    expect(chunk.buffer.byteLength).toBe(300)
    expect(target.largest).toBe(300)
  })

  it('are given back when a target fails, and never used again', async () => {
    const sent: Buffer[] = []
    const target = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        sent.push(chunk)
        done(sent.length > 2 ? new Error('no more') : undefined)
      },
    })
    target.on('error', () => {})
    await expect(opened.driver.sendTo(at('/large'), whole, target)).rejects.toThrow('no more')
    expect(budget.taken).toBe(0)
    const [last] = sent.slice(-1)
    const later = new Collector()
    await opened.driver.sendTo(at('/large'), whole, later)
    expect(later.buffers.has(last?.buffer as ArrayBuffer)).toBe(false)
  })

  it('of writers that wait for their clients do not keep others waiting', async () => {
    const gate = Promise.withResolvers<void>()
    const half = Buffer.alloc(512 * kibibyte)
    async function* slow(): ByteStream {
      yield half
      await gate.promise
      yield half
    }
    const slowWrites = Array.from({ length: 32 }, (_, index) => opened.driver.put(at(`/slow/${index}`), slow()))
    await opened.driver.put(at('/fast'), chunksOf(large, 64 * kibibyte))
    expect(budget.taken).toBeLessThanOrEqual(4 * mebibyte)
    gate.resolve()
    await Promise.all(slowWrites)
    expect(budget.taken).toBe(0)
  })

  it('are not waited for by a writer that has bytes it could write', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      const tiny = await openInTemporaryDirectory({ budget: new ByteBudget(100 * kibibyte) })
      await tiny.driver.put(at('/copy'), chunksOf(large, 64 * kibibyte))
      expect(await tiny.driver.stat(at('/copy'))).toMatchObject({ size: large.byteLength })
      await tiny.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('suffice for many streams from file to file at once, of which each both reads and writes', async () => {
    const copies = Array.from({ length: 24 }, async (_, index) => {
      const { content } = await opened.driver.read(at('/large'))
      await opened.driver.put(at(`/copies/${index}`), content)
      return (await opened.driver.stat(at(`/copies/${index}`))).size
    })
    expect(new Set(await Promise.all(copies))).toEqual(new Set([large.byteLength]))
    expect(budget.taken).toBe(0)
  })

  it('suffice when the budget is smaller than any of them', async () => {
    const tiny = await openInTemporaryDirectory({ budget: new ByteBudget(1000) })
    const content = Buffer.alloc(300_000, 'y')
    await tiny.driver.put(at('/file'), chunksOf(content, 64 * kibibyte))
    expect(await collect((await tiny.driver.read(at('/file'))).content, Infinity)).toHaveLength(300_000)
    const target = new Counter()
    await tiny.driver.sendTo(at('/file'), { start: 0, end: 300_000 }, target)
    expect(target.count).toBe(300_000)
    await tiny.close()
  })

  it('and files are given back by a reader that stops before it began', async () => {
    const { content } = await opened.driver.read(at('/large'))
    await content[Symbol.asyncIterator]().return?.()
    expect(budget.taken).toBe(0)
    expect([...recorded.openPaths.values()]).toEqual([])
  })

  it('and files are given back by a reader that is given up', async () => {
    const controller = new AbortController()
    await opened.driver.read(at('/large'), { signal: controller.signal })
    expect([...recorded.openPaths.values()]).toHaveLength(1)
    controller.abort()
    expect([...recorded.openPaths.values()]).toEqual([])
  })

  it('and files are given back when the connections of readers that stall end, those that wait for a buffer too', async () => {
    const targets: Writable[] = []
    const stalled = Array.from({ length: 200 }, () => {
      const controller = new AbortController()
      // As a response whose connection is closed has its request's signal aborted.
      const target = new Writable({ write: () => {} }).on('close', () => controller.abort(new Error('closed')))
      targets.push(target)
      return opened.driver.sendTo(at('/large'), whole, target, controller.signal)
    })
    await recorded.seen('open', /large/, 200)
    await vi.waitFor(() => expect(budget.taken).toBe(4 * mebibyte))
    expect([...recorded.openPaths.values()]).toHaveLength(200)
    for (const target of targets) target.destroy()
    const outcomes = await Promise.allSettled(stalled)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(budget.taken).toBe(0)
    expect([...recorded.openPaths.values()]).toEqual([])
  })

  it('and files are given back whatever becomes of a call', async () => {
    const { driver } = opened
    await Promise.allSettled([
      driver.read(at('/')),
      driver.read(at('/nothing')),
      driver.read(at('/large'), { range: { start: 0, end: Infinity } }),
      driver.sendTo(at('/large'), { start: 5, end: 4 }, new Counter()),
      driver.sendTo(at('/large'), { start: large.byteLength - 5, end: large.byteLength + 1 }, new Counter()),
      driver.swap(at('/u/checkpoint'), undefined, large),
      driver.swap(at('/u/checkpoint'), undefined, large),
      driver.create(at('/large'), large),
    ])
    await driver.readVersioned(at('/u/checkpoint'))
    await driver.delete(at('/u'))
    await driver.close()
    expect(budget.taken).toBe(0)
    expect([...recorded.openPaths.values()]).toEqual([])
  })
})

class Counter extends Writable {
  count = 0
  largest = 0
  writes = 0

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes += 1
    this.count += chunk.byteLength
    this.largest = Math.max(this.largest, chunk.byteLength)
    done()
  }
}

class Collector extends Writable {
  readonly buffers = new Set<ArrayBufferLike>()

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.buffers.add(chunk.buffer)
    done()
  }
}

async function* chunksOf(content: Buffer, size: number): ByteStream {
  for (let start = 0; start < content.byteLength; start += size) yield content.subarray(start, start + size)
}
