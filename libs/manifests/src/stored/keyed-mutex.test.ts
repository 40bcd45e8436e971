import { describe, expect, it } from 'vitest'
import { codesOf } from '../suite/build-manifests.ts'
import { KeyedMutex } from './keyed-mutex.ts'

describe('a mutex by key', () => {
  it('runs the tasks of one key one by one, in the order they came', async () => {
    const mutex = new KeyedMutex()
    const seen: string[] = []
    const task = (name: string) => async (): Promise<void> => {
      seen.push(`${name} starts`)
      await Promise.resolve()
      seen.push(`${name} ends`)
    }
    await Promise.all(['a', 'b', 'c'].map((name) => mutex.run('key', task(name))))
    expect(seen).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends'])
  })

  it('lets other keys go on', async () => {
    const mutex = new KeyedMutex()
    const { promise, resolve } = Promise.withResolvers<void>()
    const held = mutex.run('held', () => promise)
    expect(await mutex.run('other', async () => 'done')).toBe('done')
    resolve()
    await held
  })

  it('goes on after a task that fails, and throws what it threw', async () => {
    const mutex = new KeyedMutex()
    const failing = mutex.run('key', async () => Promise.reject(new Error('failed')))
    const next = mutex.run('key', async () => 'done')
    await expect(failing).rejects.toThrow('failed')
    expect(await next).toBe('done')
  })

  it('runs a task of many keys when all are its own, without waiting forever for another that wants them', async () => {
    const mutex = new KeyedMutex()
    let running = 0
    const task = async (): Promise<void> => {
      running += 1
      await Promise.resolve()
      expect(running).toBe(1)
      running -= 1
    }
    const many = Array.from({ length: 20_000 }, (_, index) => `${index}`)
    await Promise.all([
      mutex.runAll(many, task),
      mutex.runAll(many.toReversed(), task),
      mutex.runAll(['7', '7'], task),
      mutex.run('7', task),
    ])
  })

  it('refuses more than may wait', async () => {
    const mutex = new KeyedMutex(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    const running = [mutex.run('key', () => promise), mutex.run('key', () => promise)]
    expect(await codesOf(mutex.run('key', () => promise))).toEqual(['TOOMANYREQUESTS'])
    resolve()
    await Promise.all(running)
    await mutex.run('key', async () => {})
  })
})
