import type { Logger } from '@berth/errors'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../metrics/metrics.ts'
import { Lifecycle } from './lifecycle.ts'
import { repeatUploadPurge } from './upload-purging.ts'

const interval = { enabled: true, ageMs: 7, intervalMs: 70 }

/** One run of a purge that finds three stale uploads, and two leftovers of writes. */
async function runOnce(dryRun: boolean) {
  const lines: object[] = []
  const log: Logger = { debug() {}, info: (fields) => lines.push(fields), warn() {}, error() {} }
  const metrics = createMetrics({ version: '1' })
  const lifecycle = new Lifecycle(log)
  const timers: (() => void)[] = []
  const temporaryAges: number[] = []
  repeatUploadPurge(
    {
      config: { ...interval, dryRun },
      isReadOnly: false,
      metrics: metrics.uploads,
      log,
      purge: async () => ({ removed: 3, failed: 1 }),
      purgeTemporary: async (ageMs) => temporaryAges.push(ageMs) + 1,
      after: (_ms, run) => {
        timers.push(run)
        return () => {}
      },
    },
    lifecycle,
  )
  timers[0]?.()
  await expect.poll(() => lines).toHaveLength(1)
  await lifecycle.close(new AbortController().signal)
  return { line: lines[0], temporaryAges, metrics: await metrics.render() }
}

describe('the purge of uploads', () => {
  it.each([
    [70, 35],
    [24 * 3_600_000, 29.5 * 60_000],
  ])('begins some time within its interval and an hour: of %i ms, after %i', (intervalMs, delayMs) => {
    const delays: number[] = []
    repeatUploadPurge(
      {
        config: { ...interval, intervalMs, dryRun: false },
        isReadOnly: false,
        metrics: createMetrics({ version: '1' }).uploads,
        log: { debug() {}, info() {}, warn() {}, error() {} },
        purge: async () => ({ removed: 0, failed: 0 }),
        purgeTemporary: async () => 0,
        after: (ms) => {
          delays.push(ms)
          return () => {}
        },
        random: () => 0.5,
      },
      new Lifecycle({ debug() {}, info() {}, warn() {}, error() {} }),
    )
    expect(delays).toEqual([delayMs])
  })

  it('removes leftovers of writes, too, and counts what it removed', async () => {
    const { line, temporaryAges, metrics } = await runOnce(false)
    expect(line).toEqual({ removed: 3, failed: 1, dryRun: false, temporary: 2 })
    expect(temporaryAges).toEqual([7])
    expect(metrics).toContain('berth_uploads_purged_total 3\n')
  })

  it('removes nothing in a dry run, and counts nothing as removed', async () => {
    const { line, temporaryAges, metrics } = await runOnce(true)
    expect(line).toEqual({ removed: 3, failed: 1, dryRun: true, temporary: 0 })
    expect(temporaryAges).toEqual([])
    expect(metrics).toContain('berth_uploads_purged_total 0\n')
  })

  it('is none where nothing may be removed', () => {
    const delays: number[] = []
    repeatUploadPurge(
      {
        config: { ...interval, dryRun: false },
        isReadOnly: true,
        metrics: createMetrics({ version: '1' }).uploads,
        log: { debug() {}, info() {}, warn() {}, error() {} },
        purge: async () => ({ removed: 0, failed: 0 }),
        purgeTemporary: async () => 0,
        after: (ms) => {
          delays.push(ms)
          return () => {}
        },
      },
      new Lifecycle({ debug() {}, info() {}, warn() {}, error() {} }),
    )
    expect(delays).toEqual([])
  })
})
