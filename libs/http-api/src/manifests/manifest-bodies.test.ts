import { ByteBudget, type ByteStream, streamOf } from '@berth/bytes'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Exchange } from '../exchange/exchange.ts'
import { ManifestBodies } from './manifest-bodies.ts'

const KiB = 1024
const limit = 256 * KiB

function exchangeOf(body: ByteStream, clientNetwork = '192.0.2.1'): Exchange {
  return { body: () => body, signal: new AbortController().signal, clientNetwork } as Partial<Exchange> as Exchange
}

const large = (client?: string): Exchange =>
  exchangeOf(streamOf(Buffer.alloc(40 * KiB), Buffer.alloc(40 * KiB)), client)
const size = async (content: Uint8Array): Promise<number> => content.byteLength

/** A body whose chunks come when they are sent. */
function sentBody() {
  const chunks: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>>[] = [Promise.withResolvers()]
  const body = {
    isReleased: false,
    send(bytes: number) {
      chunks.at(-1)?.resolve({ done: false, value: Buffer.alloc(bytes) })
      chunks.push(Promise.withResolvers())
    },
    end() {
      chunks.at(-1)?.resolve({ done: true, value: undefined })
    },
    async next() {
      const result = await (chunks[0] as (typeof chunks)[number]).promise
      chunks.shift()
      return result
    },
    async return() {
      body.isReleased = true
      return { done: true as const, value: undefined }
    },
    [Symbol.asyncIterator]: () => body,
  }
  return body
}

describe('the bodies of manifests', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('are received whole, and count by their size until they are done with', async () => {
    const budget = new ByteBudget(limit)
    const bodies = new ManifestBodies({ budget })
    let taken = 0
    const received = await bodies.receive(large(), limit, async (content) => {
      taken = budget.taken
      return content.byteLength
    })
    expect(received).toBe(80 * KiB)
    expect(taken).toBeGreaterThanOrEqual(80 * KiB)
    expect(taken).toBeLessThan(82 * KiB)
    expect(budget.taken).toBe(0)
  })

  it('of one client wait for one another, and those of others do not wait', async () => {
    const budget = new ByteBudget(1024 * KiB)
    const bodies = new ManifestBodies({ budget })
    const longest = streamOf(...Array.from({ length: 12 }, () => Buffer.alloc(40 * KiB)))
    const { promise: done, resolve: finish } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const first = bodies.receive(exchangeOf(longest), 480 * KiB, async () => {
      begin()
      await done
      return 'first'
    })
    await begun
    const order: string[] = []
    const second = bodies.receive(large(), limit, async () => 'second').then((each) => order.push(each))
    await expect(bodies.receive(large('192.0.2.2'), limit, size)).resolves.toBe(80 * KiB)
    expect(order).toEqual([])
    finish()
    await Promise.all([first, second])
    expect([order, budget.taken]).toEqual([['second'], 0])
  })

  it('of one client are all received, though together they have more bytes than may be held', async () => {
    const budget = new ByteBudget(1024 * KiB, { patienceMs: 5_000 })
    const bodies = new ManifestBodies({ budget })
    const many = Array.from({ length: 16 }, () => sentBody())
    const received = many.map((body) => bodies.receive(exchangeOf(body), limit, size))
    for (let chunk = 0; chunk < 4; chunk += 1) for (const body of many) body.send(60 * KiB)
    for (const body of many) body.end()
    expect(await Promise.all(received)).toEqual(many.map(() => 240 * KiB))
    expect(budget.taken).toBe(0)
  })

  it('are received where each of the others that hold memory waits, and one more ends', async () => {
    const budget = new ByteBudget(1024 * KiB, { patienceMs: 5_000 })
    const bodies = new ManifestBodies({ budget })
    const { promise: done, resolve: finish } = Promise.withResolvers<void>()
    const small = bodies.receive(exchangeOf(streamOf(Buffer.alloc(1))), limit, () => done)
    const many = Array.from({ length: 16 }, () => sentBody())
    const received = many.map((body) => bodies.receive(exchangeOf(body), limit, size))
    for (let chunk = 0; chunk < 4; chunk += 1) for (const body of many) body.send(60 * KiB)
    for (const body of many) body.end()
    finish()
    await small
    expect(await Promise.all(received)).toEqual(many.map(() => 240 * KiB))
  })

  it('are refused for now where the others take too long', async () => {
    const budget = new ByteBudget(limit, { patienceMs: 1 })
    await budget.take(limit)
    const bodies = new ManifestBodies({ budget })
    await expect(bodies.receive(large(), limit, size)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(budget.taken).toBe(limit)
  })

  it('count more than their bytes where they come in tiny chunks', async () => {
    const budget = new ByteBudget(limit, { patienceMs: 1 })
    const tiny = streamOf(...Array.from({ length: 40_000 }, () => Buffer.alloc(1)))
    const received = new ManifestBodies({ budget }).receive(exchangeOf(tiny), limit, size)
    await expect(received).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('give back what they took where they are cut off', async () => {
    const budget = new ByteBudget(limit)
    const cut = (async function* (): ByteStream {
      yield Buffer.alloc(80 * KiB)
      throw new Error('cut off')
    })()
    await expect(new ManifestBodies({ budget }).receive(exchangeOf(cut), limit, size)).rejects.toThrow('cut off')
    expect(budget.taken).toBe(0)
  })

  it('end where they arrive too slowly, and give back what they took', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const budget = new ByteBudget(limit)
    const body = sentBody()
    const received = new ManifestBodies({ budget }).receive(exchangeOf(body), limit, size)
    const outcome = received.catch((error: unknown) => error)
    for (let second = 0; second < 9; second += 1) {
      body.send(1)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(body.isReleased).toBe(false)
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await outcome).toMatchObject({ code: 'REQUEST_TIMEOUT', detail: { received: 9 } })
    expect([body.isReleased, budget.taken]).toEqual([true, 0])
  })

  it('have a second more for every 64000 bytes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const body = sentBody()
    const received = new ManifestBodies().receive(exchangeOf(body), limit, size)
    body.send(128_000)
    await vi.advanceTimersByTimeAsync(11_900)
    body.end()
    await expect(received).resolves.toBe(128_000)
  })

  it('have no less time where they waited for memory', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const budget = new ByteBudget(limit)
    await budget.take(limit)
    const body = sentBody()
    const received = new ManifestBodies({ budget }).receive(exchangeOf(body), limit, size)
    body.send(1000)
    await vi.advanceTimersByTimeAsync(60_000)
    budget.give(limit)
    await vi.advanceTimersByTimeAsync(9_900)
    body.end()
    await expect(received).resolves.toBe(1000)
  })
})
