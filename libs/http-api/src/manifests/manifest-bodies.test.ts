import { ByteBudget, type ByteStream, streamOf } from '@berth/bytes'
import { describe, expect, it } from 'vitest'
import type { Exchange } from '../exchange/exchange.ts'
import { ManifestBodies } from './manifest-bodies.ts'

const KiB = 1024
const limit = 256 * KiB

function exchangeOf(body: ByteStream): Exchange {
  return { body: () => body, signal: new AbortController().signal } as Partial<Exchange> as Exchange
}

const large = (): Exchange => exchangeOf(streamOf(Buffer.alloc(40 * KiB), Buffer.alloc(40 * KiB)))
const small = (): Exchange => exchangeOf(streamOf(Buffer.alloc(40 * KiB)))
const size = async (content: Uint8Array): Promise<number> => content.byteLength

describe('the bodies of manifests', () => {
  it('are received whole, and count until they are done with', async () => {
    const budget = new ByteBudget(limit)
    const bodies = new ManifestBodies({ budget })
    let taken: number | undefined
    const received = await bodies.receive(large(), limit, async (content) => {
      taken = budget.taken
      return content.byteLength
    })
    expect([received, taken, budget.taken]).toEqual([80 * KiB, limit, 0])
  })

  it('wait for one another where they are large', async () => {
    const budget = new ByteBudget(limit)
    const bodies = new ManifestBodies({ budget })
    const { promise: done, resolve: finish } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const first = bodies.receive(large(), limit, async () => {
      begin()
      await done
      return 'first'
    })
    await begun
    const order: string[] = []
    const second = bodies.receive(large(), limit, async () => 'second').then((each) => order.push(each))
    await expect(bodies.receive(small(), limit, size)).resolves.toBe(40 * KiB)
    expect(order).toEqual([])
    finish()
    await Promise.all([first, second])
    expect([order, budget.taken]).toEqual([['second'], 0])
  })

  it('are refused for now where the others take too long', async () => {
    const budget = new ByteBudget(limit)
    await budget.take(limit)
    const bodies = new ManifestBodies({ budget, patienceMs: 1 })
    await expect(bodies.receive(large(), limit, size)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(budget.taken).toBe(limit)
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
})
