import { describe, expect, it } from 'vitest'
import { DenialSample } from './denial-sample.ts'

function sample() {
  let now = 0
  const taken = new DenialSample(() => now)
  const take = (count: number, source: string | ((at: number) => string)) =>
    Array.from({ length: count }, (_, at) => taken.take(typeof source === 'string' ? source : source(at)))
  const told = (count: number, source: string | ((at: number) => string)) =>
    take(count, source).filter((untold) => untold !== undefined).length
  return { taken, take, told, pass: (ms: number) => void (now += ms) }
}

describe('of denials', () => {
  it('those of one client are told so often in a minute', () => {
    const { pass, told } = sample()
    expect(told(100, '192.0.2.1')).toBe(20)
    expect(told(100, '192.0.2.2')).toBe(20)
    pass(59_999)
    expect(told(100, '192.0.2.1')).toBe(0)
    pass(1)
    expect(told(100, '192.0.2.1')).toBe(20)
  })

  it('all are told so often in a minute, wherever they come from', () => {
    expect(sample().told(10_000, (at) => `10.0.${at >> 8}.${at & 255}`)).toBe(1000)
  })

  it('those of one network are told as those of one client', () => {
    expect(sample().told(100, (at) => `2001:db8:0:1::${at}`)).toBe(20)
  })

  it('none is left out: the next that is told says how many were not', () => {
    const { pass, take, taken } = sample()
    expect(take(100, '192.0.2.1').slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 0))
    expect(take(2, '192.0.2.2')).toEqual([80, 0])
    take(7, '192.0.2.1')
    pass(60_000)
    expect(take(2, '192.0.2.1')).toEqual([7, 0])
    take(20, '192.0.2.1')
    expect([taken.takeUntold(), taken.takeUntold()]).toEqual([2, 0])
  })
})
