import { beforeEach, describe, expect, it } from 'vitest'
import { CircuitBreaker, CircuitOpenError } from './circuit-breaker.ts'

let nowMs: number
let changes: boolean[]
let circuit: CircuitBreaker

beforeEach(() => {
  nowMs = 0
  changes = []
  const onChange = (isOpen: boolean): void => void changes.push(isOpen)
  circuit = new CircuitBreaker({ threshold: 3, firstPauseMs: 100, longestPauseMs: 300, nowMs: () => nowMs, onChange })
})

const fail = (times: number): void => {
  for (let each = 0; each < times; each += 1) circuit.failed(nowMs)
}

describe('a circuit breaker', () => {
  it('holds nothing back while one of a few requests is answered', () => {
    for (let round = 0; round < 10; round += 1) {
      fail(2)
      circuit.answered()
    }
    expect(circuit.admits()).toBe(true)
    expect(changes).toEqual([])
  })

  it('holds all back once so many have failed in a row, and says so once', () => {
    fail(5)
    expect(circuit.isOpen).toBe(true)
    expect(circuit.admits()).toBe(false)
    expect(changes).toEqual([true])
  })

  it('lets one through after a pause, and all once that is answered', () => {
    fail(3)
    nowMs = 100
    expect([circuit.admits(), circuit.admits()]).toEqual([true, false])
    circuit.answered()
    expect([circuit.admits(), circuit.admits()]).toEqual([true, true])
    expect(changes).toEqual([true, false])
  })

  it('waits longer each time, up to a limit', () => {
    fail(3)
    const pauses: number[] = []
    for (let round = 0; round < 4; round += 1) {
      const sinceMs = nowMs
      while (!circuit.admits()) nowMs += 10
      pauses.push(nowMs - sinceMs)
      circuit.failed(nowMs)
    }
    expect(pauses).toEqual([100, 200, 300, 300])
  })

  it('waits no longer for what fails late, having been under way when it began to hold back', () => {
    fail(3)
    nowMs = 50
    for (let each = 0; each < 10; each += 1) circuit.failed(0)
    nowMs = 100
    expect(circuit.admits()).toBe(true)
  })

  it('lets another one through where nothing was ever told of the first', () => {
    fail(3)
    nowMs = 100
    expect(circuit.admits()).toBe(true)
    nowMs = 200
    expect(circuit.admits()).toBe(true)
  })
})

describe('calls through a circuit breaker', () => {
  let tries: number
  let breaker: CircuitBreaker

  beforeEach(() => {
    tries = 0
    breaker = new CircuitBreaker({ threshold: 3, firstPauseMs: 1000, longestPauseMs: 1000, nowMs: () => nowMs })
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
    await expect(succeed()).rejects.toThrow('the server has not answered lately')
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
    await expect(succeed()).rejects.toThrow(CircuitOpenError)
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
    await expect(succeed()).rejects.toThrow(CircuitOpenError)
    nowMs = 2000
    expect(await succeed()).toBe('an answer')
  })
})
