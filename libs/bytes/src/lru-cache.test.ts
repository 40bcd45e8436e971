import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LruCache } from './lru-cache.ts'

describe('a cache of the most recently used', () => {
  it('forgets what was used least recently', () => {
    const cache = new LruCache<string, number>({ maxWeight: 2 })
    cache.set('a', 1)
    cache.set('b', 2)
    cache.get('a')

    cache.set('c', 3)

    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3])
  })

  it('forgets as many light ones as a heavy one weighs', () => {
    const cache = new LruCache<string, number>({ maxWeight: 10 })
    for (const key of ['a', 'b', 'c']) cache.set(key, 0, 3)

    cache.set('d', 0, 6)

    expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined)).toEqual(['c', 'd'])
    expect(cache.weight).toBe(9)
  })

  it('does not keep what weighs more than all of it, nor what that replaced', () => {
    const cache = new LruCache<string, number>({ maxWeight: 10 })
    cache.set('a', 1)
    cache.set('b', 1)

    cache.set('a', 2, 11)

    expect([cache.get('a'), cache.get('b'), cache.weight]).toEqual([undefined, 1, 1])
  })

  it('bounds the number of entries that weigh nothing', () => {
    const cache = new LruCache<string, number>({ maxWeight: 2 })
    for (const key of ['a', 'b', 'c']) cache.set(key, 1, 0)

    expect([cache.get('a'), cache.get('b'), cache.weight]).toEqual([undefined, 1, 2])
  })

  it('caches nothing if its maximum weight is 0', () => {
    const cache = new LruCache<string, number>({ maxWeight: 0 })
    cache.set('a', 1)

    expect([cache.get('a'), cache.weight]).toEqual([undefined, 0])
  })

  it('weighs an entry anew when it is replaced', () => {
    const cache = new LruCache<string, number>({ maxWeight: 10 })
    cache.set('a', 1, 7)

    cache.set('a', 2, 2)

    expect([cache.get('a'), cache.weight]).toEqual([2, 2])
  })

  it('forgets an entry when its time is up, however often it was used', () => {
    let nowMs = 1000
    const cache = new LruCache<string, number>({ maxWeight: 10, ttlMs: 30, nowMs: () => nowMs })
    cache.set('a', 1)

    nowMs = 1029
    expect(cache.get('a')).toBe(1)
    nowMs = 1030
    expect(cache.get('a')).toBeUndefined()
    expect(cache.weight).toBe(0)
  })

  it('keeps an entry for its whole time again when it is set again', () => {
    let nowMs = 0
    const cache = new LruCache<string, number>({ maxWeight: 10, ttlMs: 30, nowMs: () => nowMs })
    cache.set('a', 1)
    nowMs = 20
    cache.set('a', 2)

    nowMs = 49

    expect(cache.get('a')).toBe(2)
  })

  it('forgets one entry, or all', () => {
    const cache = new LruCache<string, number>({ maxWeight: 10 })
    for (const key of ['a', 'b', 'c']) cache.set(key, 1)

    cache.delete('a')
    cache.delete('never set')
    expect([cache.get('a'), cache.get('b'), cache.weight]).toEqual([undefined, 1, 2])

    cache.clear()
    expect([cache.get('b'), cache.weight]).toEqual([undefined, 0])
  })

  it('holds what a list that is cut at its old end would hold', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const get = fc.record({ key })
    const set = fc.record({ key, weight: fc.integer({ min: 1, max: 12 }) })
    fc.assert(
      fc.property(fc.array(fc.oneof(get, set)), (uses) => {
        const cache = new LruCache<string, number>({ maxWeight: 10 })
        let list: readonly Entry[] = []
        for (const use of uses) {
          const found = list.find((entry) => entry.key === use.key)
          const isSet = 'weight' in use
          const got = isSet ? cache.set(use.key, use.weight, use.weight) : cache.get(use.key)
          list = cut([
            ...list.filter((entry) => entry !== found),
            ...(isSet ? [use] : found === undefined ? [] : [found]),
          ])
          expect([got, cache.weight]).toEqual([isSet ? undefined : found?.weight, weightOf(list)])
        }
      }),
    )
  })
})

interface Entry {
  readonly key: string
  readonly weight: number
}

function cut(list: readonly Entry[]): readonly Entry[] {
  if (weightOf(list) <= 10) return list
  // What is too heavy by itself is not kept, and takes nothing else with it.
  const newest = list.at(-1)
  return newest !== undefined && newest.weight > 10 ? list.slice(0, -1) : cut(list.slice(1))
}

function weightOf(list: readonly Entry[]): number {
  return list.reduce((sum, { weight }) => sum + weight, 0)
}
