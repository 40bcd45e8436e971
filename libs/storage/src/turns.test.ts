import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

/** A task that runs until it is told to end. */
function held() {
  const { promise, resolve: end } = Promise.withResolvers<void>()
  let hasBegun = false
  const task = (): Promise<void> => {
    hasBegun = true
    return promise
  }
  return { task, end, hasBegun: () => hasBegun }
}

describe('turns', () => {
  it('lets as many tasks run at once as there are turns, and others in the order in which they came', async () => {
    const turns = new Turns(2)
    const begun: string[] = []
    const tasks = ['a', 'b', 'c', 'd'].map((name) => ({ name, ...held() }))
    const all = tasks.map(({ name, task }) =>
      turns.run(() => {
        begun.push(name)
        return task()
      }),
    )
    await Promise.resolve()
    expect([begun, turns.waiting]).toEqual([['a', 'b'], 2])

    tasks[1]?.end()
    await all[1]
    expect(begun).toEqual(['a', 'b', 'c'])
    for (const { end } of tasks) end()
    await Promise.all(all)
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
    expect(turns.isIdle).toBe(true)
  })

  it('gives the turn of a task that fails to the next one', async () => {
    const turns = new Turns(1)
    const failing = turns.run(() => Promise.reject(new Error('failed')))
    const next = turns.run(() => Promise.resolve('done'))
    await expect(failing).rejects.toThrow('failed')
    expect(await next).toBe('done')
  })

  it('does not begin a task whose signal is aborted while it waits, and takes no turn for it', async () => {
    const turns = new Turns(1)
    const first = held()
    const running = turns.run(first.task)
    const abandoned = held()
    const late = new AbortController()
    const waiting = turns.run(abandoned.task, late.signal)
    late.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(turns.run(abandoned.task, AbortSignal.abort(new Error('gone before')))).rejects.toThrow('gone before')
    first.end()
    await running
    expect([abandoned.hasBegun(), turns.waiting, turns.isIdle]).toEqual([false, 0, true])
  })

  it('are taken without a promise while they are free', async () => {
    const turns = new Turns(1)
    expect(turns.take()).toBeUndefined()
    expect(turns.isIdle).toBe(false)
    const second = turns.take()
    turns.give()
    await second
    turns.give()
    expect(turns.isIdle).toBe(true)
  })
})
