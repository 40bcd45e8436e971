import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteBudget } from './byte-budget.ts'

/** Takes, and notes the name when it was granted. */
function queue(budget: ByteBudget) {
  const granted: string[] = []
  const take = async (name: string, bytes: number, signal?: AbortSignal): Promise<number> => {
    const taken = await budget.take(bytes, signal)
    granted.push(name)
    return taken
  }
  return { granted, take }
}

describe('a budget of bytes', () => {
  it('grants at once what is free', async () => {
    const budget = new ByteBudget(10)

    expect(await budget.take(4)).toBe(4)
    expect(await budget.take(6)).toBe(6)
    expect(budget.taken).toBe(10)
  })

  it('grants the whole to who wants more', async () => {
    const budget = new ByteBudget(10)

    expect(await budget.take(11)).toBe(10)
    budget.give(10)
    expect(budget.tryTake(11)).toBe(10)
  })

  it('lets a request wait until enough is given back', async () => {
    const budget = new ByteBudget(10)
    const { granted, take } = queue(budget)
    await take('first', 8)
    const second = take('second', 5)

    budget.give(2)
    await setImmediate()
    expect(granted).toEqual(['first'])

    budget.give(6)
    expect(await second).toBe(5)
    expect(budget.taken).toBe(5)
  })

  it('serves requests in order, so that small ones do not starve a large one', async () => {
    const budget = new ByteBudget(10)
    const { granted, take } = queue(budget)
    await take('first', 6)
    const large = take('large', 10)
    const small = take('small', 1)

    await setImmediate()
    expect(granted).toEqual(['first'])
    expect(budget.tryTake(1)).toBeUndefined()

    budget.give(6)
    budget.give(await large)
    await small
    expect(granted).toEqual(['first', 'large', 'small'])
  })

  it('serves all that what was given back is enough for', async () => {
    const budget = new ByteBudget(10)
    const { granted, take } = queue(budget)
    await take('first', 10)
    const waiting = [take('a', 4), take('b', 6), take('c', 1)]

    budget.give(10)
    await Promise.all(waiting.slice(0, 2))
    await setImmediate()

    expect(granted).toEqual(['first', 'a', 'b'])
  })

  it('answers at once whether bytes are free', () => {
    const budget = new ByteBudget(10)

    expect(budget.tryTake(7)).toBe(7)
    expect(budget.tryTake(4)).toBeUndefined()
    expect(budget.tryTake(3)).toBe(3)
    expect(budget.taken).toBe(10)
  })

  it('takes nothing for a request that was aborted before', async () => {
    const budget = new ByteBudget(10)

    await expect(budget.take(1, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
    expect(budget.taken).toBe(0)
  })

  it('takes nothing for a request that is aborted while it waits, and serves the next', async () => {
    const budget = new ByteBudget(10)
    const { granted, take } = queue(budget)
    await take('first', 6)
    const leaving = new AbortController()
    const large = take('large', 10, leaving.signal)
    const small = take('small', 4)

    leaving.abort(new Error('gone'))

    await expect(large).rejects.toThrow('gone')
    await small
    expect(granted).toEqual(['first', 'small'])
    expect(budget.taken).toBe(10)
  })

  it('leaves all as it is when a request is aborted that was granted', async () => {
    const budget = new ByteBudget(10)
    const leaving = new AbortController()
    await budget.take(10)
    const granted = budget.take(10, leaving.signal)
    const waiting = budget.take(1)

    budget.give(10)
    leaving.abort()

    expect(await granted).toBe(10)
    expect(budget.taken).toBe(10)
    budget.give(10)
    expect(await waiting).toBe(1)
  })

  it('never grants more than it has, and serves every request in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(12)), fc.infiniteStream(fc.boolean()), async (requests, yields) => {
        const budget = new ByteBudget(10)
        const order: number[] = []
        const use = async (bytes: number, index: number): Promise<void> => {
          const taken = await budget.take(bytes)
          order.push(index)
          expect(budget.taken).toBeLessThanOrEqual(10)
          if (yields.next().value) await setImmediate()
          budget.give(taken)
        }
        await Promise.all(requests.map(use))
        expect(order).toEqual(requests.map((_, index) => index))
        expect(budget.taken).toBe(0)
      }),
    )
  })
})
