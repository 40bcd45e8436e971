import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteBudget, type ByteShare } from './byte-budget.ts'

/** Takes, and notes the name when it was granted. */
function queue(budget: ByteShare) {
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

/** Takes all that a share is given at once, in pieces of 1. @returns how much that was */
function drain(share: ByteShare): number {
  for (let taken = 0; ; taken += 1) if (share.tryTake(1) === undefined) return taken
}

describe('the shares of a budget', () => {
  it('leave a quarter to the owner, who gets it at once, whatever waits', async () => {
    const budget = new ByteBudget(400)
    await Promise.all(Array.from({ length: 300 }, (_, index) => budget.share(`client ${index}`).take(1)))
    const waiting = budget.share('one more').take(300)

    expect(budget.taken).toBe(300)
    expect(budget.tryTake(100)).toBe(100)

    budget.give(100)
    for (let index = 0; index < 300; index += 1) budget.share(`client ${index}`).give(1)
    expect(await waiting).toBe(300)
  })

  it('may grow while another has little, and leave something for a new one', () => {
    const budget = new ByteBudget(400)

    expect(drain(budget.share('first'))).toBe(200)
    expect(drain(budget.share('second'))).toBe(67)
    expect(drain(budget.share('third'))).toBe(22)
    expect(budget.share('fourth').tryTake(11)).toBe(11)
  })

  it('are those of the key, whoever asks for them', () => {
    const budget = new ByteBudget(400)
    drain(budget.share('first'))

    expect(budget.share('first').tryTake(1)).toBeUndefined()
    budget.share('first').give(10)
    expect(budget.share('first').tryTake(1)).toBe(1)
  })

  it('give a request that is too large all that shares may have', async () => {
    const budget = new ByteBudget(400)

    expect(await budget.share('first').take(1000)).toBe(300)
  })

  it('do not wait for a share that has what it may have', async () => {
    const budget = new ByteBudget(400)
    const { granted, take } = queue(budget.share('greedy'))
    await take('all', 200)
    const more = take('more', 1)

    expect(budget.share('modest').tryTake(50)).toBe(50)
    await setImmediate()
    expect(granted).toEqual(['all'])

    budget.share('greedy').give(200)
    await more
  })

  it('are served in turn, one request each', async () => {
    const budget = new ByteBudget(400)
    await budget.take(400)
    const granted: string[] = []
    const waiting = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'].map(async (name) => {
      await budget.share(name.charAt(0)).take(1)
      granted.push(name)
    })

    budget.give(400)
    await Promise.all(waiting)

    expect(granted).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  it('that hold nothing get a large request before others get more', async () => {
    const budget = new ByteBudget(400)
    await budget.share('first').take(200)
    const large = budget.share('second').take(300)

    expect(budget.share('third').tryTake(1)).toBeUndefined()
    budget.share('first').give(200)
    expect(await large).toBe(300)
  })

  it('let a request go that waits too long, and serve the next', async () => {
    const budget = new ByteBudget(400, { patienceMs: 1 })
    await budget.share('first').take(300)
    const late = budget.share('second').take(300)

    await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    budget.share('first').give(300)
    expect(budget.share('third').tryTake(300)).toBe(300)
  })

  it('let a request go that is aborted, and serve the next', async () => {
    const budget = new ByteBudget(400)
    await budget.share('first').take(200)
    const leaving = new AbortController()
    const large = budget.share('second').take(300, leaving.signal)
    const small = budget.share('third').take(100)

    leaving.abort(new Error('gone'))

    await expect(large).rejects.toThrow('gone')
    expect(await small).toBe(100)
  })

  it('stay within their limit, leave the reserve to the owner, and serve every request in the end', async () => {
    const request = fc.record({
      key: fc.constantFrom(undefined, 'a', 'b', 'c'),
      bytes: fc.integer({ min: 1, max: 50 }),
      turns: fc.nat(3),
      isAborted: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 40 }), fc.boolean(), async (all, hasOwner) => {
        const requests = all.filter(({ key }) => hasOwner || key !== undefined)
        const budget = new ByteBudget(40)
        const use = async ({ key, bytes, turns, isAborted }: (typeof requests)[number]): Promise<void> => {
          const share = budget.share(key)
          const leaving = new AbortController()
          const taking = share.take(bytes, leaving.signal)
          if (isAborted) leaving.abort()
          const taken = await taking.catch(() => 0)
          expect(budget.taken).toBeLessThanOrEqual(hasOwner ? 40 : 30)
          for (let turn = 0; turn < turns; turn += 1) await setImmediate()
          if (taken > 0) share.give(taken)
        }
        await Promise.all(requests.map(use))
        expect(budget.taken).toBe(0)
        expect(budget.share('new').tryTake(30)).toBe(30)
      }),
    )
  })
})
