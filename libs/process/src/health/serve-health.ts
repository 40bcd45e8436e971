import type { Config } from '@berth/configuration'
import type { TcpAddress } from '@berth/configuration'
import type { Lifecycle } from '../lifecycle/lifecycle.ts'
import type { ProcessLogger } from '../log/create-logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { configuredChecks, type CheckedStorage } from './checks.ts'
import { DebugServer } from './debug-server.ts'
import { HealthChecks, type Check } from './health-checks.ts'

export interface HealthParts {
  readonly config: Pick<Config, 'health' | 'debug'>
  readonly log: ProcessLogger
  readonly metrics: Metrics
  /** The storage of a process that has one. */
  readonly storage?: CheckedStorage
  /** What the process cannot be sent requests without, whatever is configured: not ready before the first success. */
  readonly needs?: readonly Check[]
}

export interface ServedHealth {
  /** Cheap enough to be asked for each request. */
  readonly isHealthy: () => boolean
  /** Where health and metrics are served. */
  readonly debug: TcpAddress | undefined
}

/** Looks after the health of a process, and tells it and the metrics on the debug listener. `lifecycle` ends both. */
export async function serveHealth(parts: HealthParts, lifecycle: Lifecycle): Promise<ServedHealth> {
  const { config, log, metrics, storage, needs = [] } = parts
  const health = lifecycle.own(new HealthChecks({ log, checks: configuredChecks(config.health, storage) }))
  const needed = lifecycle.own(new HealthChecks({ log, checks: needs, beginsHealthy: false }))
  health.start()
  needed.start()
  const debug =
    config.debug.listen &&
    lifecycle.own(
      await DebugServer.listen(config.debug.listen, {
        isReady: () => lifecycle.isReady,
        health,
        needs: needed,
        ...(config.debug.metrics.enabled && { metrics: { ...metrics, path: config.debug.metrics.path } }),
        log,
      }),
    )
  return { isHealthy: () => health.isHealthy, debug: debug?.address }
}
