import type { Logger } from '@berth/errors'
import { describe, expect, it } from 'vitest'
import { RepeatedTask } from './repeated-task.ts'

function clock() {
  const timers: { ms: number; run: () => void }[] = []
  const after = (ms: number, run: () => void): (() => void) => {
    const timer = { ms, run }
    timers.push(timer)
    return () => timers.splice(timers.indexOf(timer), 1)
  }
  return { timers, after, fire: () => timers.shift()?.run() }
}

function recorder() {
  const errors: string[] = []
  const log: Logger = { debug() {}, info() {}, warn() {}, error: (_, message) => errors.push(message) }
  return { errors, log }
}

describe('RepeatedTask', () => {
  it('runs after its delay, and again an interval after each end', async () => {
    const { timers, after, fire } = clock()
    const runs: string[] = []
    const run = async () => void runs.push('run')
    const task = new RepeatedTask({ name: 'sweep', delayMs: 5, intervalMs: 70, run, after, log: recorder().log })

    expect(timers.map(({ ms }) => ms)).toEqual([5])
    fire()
    await expect.poll(() => timers.map(({ ms }) => ms)).toEqual([70])
    fire()
    await expect.poll(() => runs).toEqual(['run', 'run'])
    await task.close()
  })

  it('logs a run that failed, and comes again', async () => {
    const { timers, after, fire } = clock()
    const { errors, log } = recorder()
    const run = () => Promise.reject(new Error('no storage'))
    const task = new RepeatedTask({ name: 'sweep', delayMs: 1, intervalMs: 2, run, after, log })

    fire()
    await expect.poll(() => timers.length).toBe(1)
    expect(errors).toEqual(['task failed'])
    await task.close()
  })

  it('cancels a run that is under way when it is closed, and runs no more', async () => {
    const { timers, after, fire } = clock()
    const { errors, log } = recorder()
    const run = (signal: AbortSignal) =>
      new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    const task = new RepeatedTask({ name: 'sweep', delayMs: 1, intervalMs: 2, run, after, log })

    fire()
    await task.close()

    expect(timers).toEqual([])
    expect(errors).toEqual([])
  })
})
