import { beforeEach, describe, expect, it } from 'vitest'
import { Breaker } from './breaker.ts'

describe('a breaker', () => {
  let nowMs: number
  let tries: number
  let breaker: Breaker

  beforeEach(() => {
    nowMs = 0
    tries = 0
    breaker = new Breaker({ failures: 3, pauseMs: 1000, nowMs: () => nowMs })
  })

  const fail = (): Promise<unknown> =>
    breaker
      .call(() => {
        tries += 1
        return Promise.reject(new Error('refused'))
      })
      .catch(() => undefined)

  const succeed = (): Promise<string> => breaker.call(() => Promise.resolve('an answer'))

  it('passes on what is answered, and what fails', async () => {
    expect(await succeed()).toBe('an answer')
    await expect(breaker.call(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  })

  it('tries nothing for a while after three failures in a row', async () => {
    for (let times = 0; times < 5; times += 1) await fail()
    nowMs = 999
    await expect(succeed()).rejects.toThrow('not tried: it has not answered lately')
    expect(tries).toBe(3)
  })

  it('begins to count anew with each answer', async () => {
    for (let times = 0; times < 4; times += 1) {
      await fail()
      await fail()
      await succeed()
    }
    expect(tries).toBe(8)
  })

  it('lets one call through after the pause, and all others once that has been answered', async () => {
    for (let times = 0; times < 3; times += 1) await fail()
    nowMs = 1000
    const answer = Promise.withResolvers<string>()
    const trial = breaker.call(() => answer.promise)
    await expect(succeed()).rejects.toThrow('not tried')
    answer.resolve('here again')
    expect(await trial).toBe('here again')
    expect(await succeed()).toBe('an answer')
  })

  it('pauses again when that call fails', async () => {
    for (let times = 0; times < 3; times += 1) await fail()
    nowMs = 1000
    await fail()
    expect(tries).toBe(4)
    nowMs = 1999
    await expect(succeed()).rejects.toThrow('not tried')
    nowMs = 2000
    expect(await succeed()).toBe('an answer')
  })
})
