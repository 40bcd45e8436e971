import type { Logger } from '@berth/errors'
import type { StorageConfig } from '@berth/configuration'
import type { UploadMetrics } from '../metrics/upload-metrics.ts'
import type { Lifecycle } from './lifecycle.ts'
import { RepeatedTask } from './repeated-task.ts'

export interface UploadPurging {
  readonly config: StorageConfig['uploadPurging']
  /** Whether nothing may be removed. */
  readonly isReadOnly: boolean
  readonly metrics: UploadMetrics
  readonly log: Logger
  /** Removes the uploads that were started that long ago, or only counts them. */
  readonly purge: (
    ageMs: number,
    options: { readonly dryRun: boolean; readonly signal: AbortSignal },
  ) => Promise<{ readonly removed: number; readonly failed: number }>
  /** Removes what writes left that were cut off by the end of a process; returns how many. */
  readonly purgeTemporary: (ageMs: number) => Promise<number>
  /** Runs something after `ms`; returns what forgets it. */
  readonly after?: (ms: number, run: () => void) => () => void
  /** Of a uniform distribution, from 0 to less than 1. */
  readonly random?: () => number
}

const longestDelayMs = 59 * 60_000

/** Removes stale uploads now and then, as the configuration says, until `lifecycle` closes. */
export function repeatUploadPurge(parts: UploadPurging, lifecycle: Lifecycle): void {
  const { config, isReadOnly, metrics, log, purge, purgeTemporary, after, random = Math.random } = parts
  const { enabled, ageMs, intervalMs, dryRun } = config
  if (!enabled || isReadOnly) return
  lifecycle.own(
    new RepeatedTask({
      name: 'upload purge',
      // As Distribution does: of many that start at once, not all walk the tree at once.
      delayMs: Math.floor(random() * Math.min(intervalMs, longestDelayMs)),
      intervalMs,
      log,
      ...(after && { after }),
      run: async (signal) => {
        const { removed, failed } = await purge(ageMs, { dryRun, signal })
        if (!dryRun) metrics.purged(removed)
        const temporary = dryRun ? 0 : await purgeTemporary(ageMs)
        log.info({ removed, failed, dryRun, temporary }, 'stale uploads purged')
      },
    }),
  )
}
