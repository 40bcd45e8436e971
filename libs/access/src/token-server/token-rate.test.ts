import { describe, expect, it } from 'vitest'
import { TokenRate } from './token-rate.ts'

function rate(perSecond: number) {
  let now = 0
  const counted = new TokenRate({ perSecond, nowMs: () => now })
  const taken = (times: number, source = '192.0.2.1') =>
    Array.from({ length: times }, () => counted.take(source)).filter((wait) => wait === undefined).length
  return { counted, taken, pass: (ms: number) => void (now += ms) }
}

describe('the rate of tokens', () => {
  it('allows ten seconds’ at once, and then so many a second', () => {
    const { pass, taken } = rate(5)
    expect(taken(100)).toBe(50)
    pass(1000)
    expect(taken(100)).toBe(5)
    pass(3_600_000)
    expect(taken(100)).toBe(50)
  })

  it('says how long to wait', () => {
    const { counted, pass, taken } = rate(5)
    taken(50)
    const wait = counted.take('192.0.2.1') ?? 0
    expect(wait).toBe(200)
    pass(wait)
    expect(counted.take('192.0.2.1')).toBeUndefined()
  })

  it('is one address’s', () => {
    const { taken } = rate(1)
    expect([taken(20), taken(20, '192.0.2.2'), taken(20, '2001:db8::1'), taken(20, '2001:db8::2')]).toEqual([
      10, 10, 10, 0,
    ])
  })

  it('is counted by scopes: a token for many is as much as many tokens', () => {
    const { counted, pass } = rate(10)
    expect(counted.take('192.0.2.1', 95)).toBeUndefined()
    expect(counted.take('192.0.2.1', 95)).toBe(9000)
    expect(counted.take('192.0.2.1', 5)).toBeUndefined()
    expect(counted.take('192.0.2.1', 0)).toBe(100)
    pass(10_000)
    expect(counted.take('192.0.2.1', 95)).toBeUndefined()
  })

  it('lets a token for more scopes than may be had at once be had after the longest wait', () => {
    const { counted, pass } = rate(1)
    expect(counted.take('192.0.2.1', 95)).toBeUndefined()
    expect(counted.take('192.0.2.1', 95)).toBe(10_000)
    pass(10_000)
    expect(counted.take('192.0.2.1', 95)).toBeUndefined()
  })

  it('is any where none is said', () => {
    expect(rate(0).taken(1000)).toBe(1000)
  })
})
