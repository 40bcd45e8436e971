import { describe, expect, it } from 'vitest'
import { HealthChecks } from './health-checks.ts'

/** Checks whose time and outcomes are in the test's hands. */
function healthOf(threshold: number, beginsHealthy = true) {
  const waits: { ms: number; run: () => void }[] = []
  const outcomes: PromiseWithResolvers<void>[] = []
  const signals: AbortSignal[] = []
  const lines: string[] = []
  const write = (_: object, message: string) => void lines.push(message)
  const health = new HealthChecks({
    checks: [
      {
        name: 'disk',
        intervalMs: 500,
        threshold,
        check: (signal) => {
          const outcome = Promise.withResolvers<void>()
          outcomes.push(outcome)
          signals.push(signal)
          return outcome.promise
        },
      },
    ],
    beginsHealthy,
    log: { debug: write, info: write, warn: write, error: write },
    after: (ms, run) => {
      const wait = { ms, run }
      waits.push(wait)
      return () => void waits.splice(waits.indexOf(wait), 1)
    },
  })
  health.start()
  return {
    health,
    waits,
    lines,
    signals,
    begin: () => waits.shift()?.run(),
    outcome: () => outcomes.at(-1),
    check: async (error?: Error) => {
      waits.shift()?.run()
      if (error === undefined) outcomes.at(-1)?.resolve()
      else outcomes.at(-1)?.reject(error)
      await new Promise(setImmediate)
    },
  }
}

const full = new Error('full')

describe('health checks', () => {
  it('say that all is well until the first result', () => {
    const { health, waits } = healthOf(1)
    expect(health.isHealthy).toBe(true)
    expect(waits).toMatchObject([{ ms: 500 }])
  })

  it('that are needed say that nothing is well, and ask at once, until the first result', async () => {
    const { health, waits, check, lines } = healthOf(1, false)
    expect([health.isHealthy, health.failures()]).toEqual([false, { disk: 'not checked yet' }])
    expect(waits).toMatchObject([{ ms: 0 }])
    await check()
    expect([health.isHealthy, health.failures()]).toEqual([true, {}])
    expect(waits).toMatchObject([{ ms: 500 }])
    expect(lines).toEqual([])
  })

  it('say what is wrong, until it is not', async () => {
    const { health, check, lines } = healthOf(1)
    await check(full)
    expect([health.isHealthy, health.failures()]).toEqual([false, { disk: 'full' }])
    await check(new Error('fuller'))
    expect(health.failures()).toEqual({ disk: 'fuller' })
    await check()
    expect([health.isHealthy, health.failures()]).toEqual([true, {}])
    expect(lines).toEqual(['health check failed', 'health check succeeds again'])
  })

  it('overlook fewer failures in a row than the threshold', async () => {
    const { health, check } = healthOf(3)
    const seen: boolean[] = []
    for (const error of [full, full, undefined, full, full, full, undefined]) {
      await check(error)
      seen.push(health.isHealthy)
    }
    expect(seen).toEqual([true, true, true, true, true, false, true])
  })

  it('wait an interval after the last result, however long that took', async () => {
    const { begin, waits, outcome } = healthOf(1)
    begin()
    expect(waits).toEqual([])
    outcome()?.resolve()
    await new Promise(setImmediate)
    expect(waits).toMatchObject([{ ms: 500 }])
  })

  it('stop what is under way and begin nothing when they are closed', async () => {
    const { health, begin, outcome, waits, signals } = healthOf(1)
    begin()
    const closing = health.close()
    expect(signals[0]?.aborted).toBe(true)
    outcome()?.reject(new Error('aborted'))
    await closing
    expect([waits.length, health.isHealthy]).toEqual([0, true])
  })

  it('forget what waits when they are closed', async () => {
    const { health, waits } = healthOf(1)
    await health.close()
    expect(waits).toEqual([])
  })
})
