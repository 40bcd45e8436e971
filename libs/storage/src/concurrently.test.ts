import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { forEachLimited, settleAll } from './concurrently.ts'

describe('settling all', () => {
  it('throws the first failure, but not before the last is done', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let isLastDone = false
    const last = promise.then(() => void (isLastDone = true))
    const settled = settleAll([Promise.reject(new Error('first')), last, Promise.reject(new Error('second'))])
    resolve()
    await expect(settled).rejects.toThrow('first')
    expect(isLastDone).toBe(true)
  })
})

describe('a task for each', () => {
  it('runs as many at a time as it may, and no more', async () => {
    let running = 0
    let most = 0
    const seen: number[] = []
    await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (value) => {
      running += 1
      most = Math.max(most, running)
      await turn()
      running -= 1
      seen.push(value)
    })
    expect(most).toBe(3)
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('starts no more after a failure, waits for those that run, and throws it', async () => {
    const started: number[] = []
    const ended: number[] = []
    const all = forEachLimited([1, 2, 3, 4, 5], 2, async (value) => {
      started.push(value)
      await turn()
      if (value === 1) throw new Error('the first failed')
      await turn()
      ended.push(value)
    })
    await expect(all).rejects.toThrow('the first failed')
    expect(started).toEqual([1, 2])
    expect(ended).toEqual([2])
  })

  it('throws what its source throws, once none runs any more', async () => {
    const ended: number[] = []
    async function* source(): AsyncGenerator<number> {
      yield 1
      throw new Error('the source failed')
    }
    const all = forEachLimited(source(), 2, async (value) => {
      await Promise.resolve()
      ended.push(value)
    })
    await expect(all).rejects.toThrow('the source failed')
    expect(ended).toEqual([1])
  })
})
