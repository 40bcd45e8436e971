import { describe, expect, it } from 'vitest'
import { Recollection } from './recollection.ts'

const numbers = (maxWeight = 10): Recollection<number> => new Recollection({ maxWeight, weigh: () => 1 })

describe('a recollection', () => {
  it('reads once, and then remembers', async () => {
    const memory = numbers()
    let reads = 0
    const read = (): Promise<number | undefined> => memory.read('key', async () => (reads += 1))
    expect(await Promise.all([read(), read()])).toEqual([1, 1])
    expect(await read()).toBe(1)
    expect(memory.get('key')).toBe(1)
  })

  it('does not remember that nothing is there, nor a read that failed', async () => {
    const memory = numbers()
    expect(await memory.read('key', async () => undefined)).toBeUndefined()
    await expect(memory.read('key', async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await memory.read('key', async () => 2)).toBe(2)
  })

  it.each<[string, (memory: Recollection<number>) => void, number | undefined]>([
    ['is set', (memory) => memory.set('key', 2), 2],
    ['is forgotten', (memory) => memory.forget('key'), undefined],
    ['is changed', (memory) => memory.change('key', (value) => value + 1), undefined],
  ])('does not remember what was read while the value %s', async (_what, write, after) => {
    const memory = numbers()
    const { promise, resolve } = Promise.withResolvers<number>()
    const before = memory.read('key', () => promise)
    write(memory)
    const later = memory.read('key', async () => 3)
    resolve(1)
    expect(await before).toBe(1)
    expect(await later).toBe(after ?? 3)
    expect(memory.get('key')).toBe(after ?? 3)
  })

  it('remembers nothing, and shares no read, where it may have no weight', async () => {
    const memory = numbers(0)
    memory.set('key', 1)
    let reads = 0
    const read = (): Promise<number | undefined> => memory.read('key', async () => (reads += 1))
    expect(await Promise.all([read(), read()])).toEqual([1, 2])
    expect(memory.get('key')).toBeUndefined()
  })
})
