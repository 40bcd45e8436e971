import type { Logger } from '@berth/errors'
import type { CheckTiming } from '@berth/configuration'
import type { Closable } from '../lifecycle/lifecycle.ts'

/** Something that is looked at again and again. */
export interface Check extends CheckTiming {
  readonly name: string
  /** Resolves while all is well, and throws what is wrong. */
  readonly check: (signal: AbortSignal) => Promise<void>
}

export interface HealthOptions {
  readonly checks: readonly Check[]
  readonly log: Logger
  /** Whether all is well until the first results; if not, those are asked for at once. Default: true. */
  readonly beginsHealthy?: boolean
  /** Runs something after `ms`; returns what forgets it. */
  readonly after?: (ms: number, run: () => void) => () => void
}

const unchecked = 'not checked yet'

/**
 * Background checks. Each begins an interval after the start and again an interval after its last result. A check counts as failing after as many failures in a row as its threshold; one success
 * ends that.
 */
export class HealthChecks implements Closable {
  readonly #log: Logger
  readonly #after: (ms: number, run: () => void) => () => void
  readonly #checks: readonly Check[]
  readonly #beginsHealthy: boolean
  readonly #failures = new Map<string, string>()
  readonly #stop = new AbortController()
  readonly #pending = new Set<() => void>()
  readonly #running = new Set<Promise<void>>()

  constructor({ checks, log, beginsHealthy = true, after = afterTime }: HealthOptions) {
    this.#checks = checks
    this.#log = log
    this.#beginsHealthy = beginsHealthy
    this.#after = after
  }

  start(): void {
    for (const check of this.#checks) {
      if (!this.#beginsHealthy) this.#failures.set(check.name, unchecked)
      this.#schedule(check, 0, this.#beginsHealthy ? check.intervalMs : 0)
    }
  }

  /** Cheap enough to be asked for each request. */
  get isHealthy(): boolean {
    return this.#failures.size === 0
  }

  /** What is wrong, by the checks' names. */
  failures(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#failures)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const forget of this.#pending) forget()
    this.#pending.clear()
    await Promise.all(this.#running)
  }

  #schedule(check: Check, failed: number, ms = check.intervalMs): void {
    if (this.#stop.signal.aborted) return
    const forget = this.#after(ms, () => {
      this.#pending.delete(forget)
      const run = this.#run(check, failed).finally(() => this.#running.delete(run))
      this.#running.add(run)
    })
    this.#pending.add(forget)
  }

  async #run(check: Check, failedBefore: number): Promise<void> {
    let failed = 0
    try {
      await check.check(this.#stop.signal)
      const before = this.#failures.get(check.name)
      this.#failures.delete(check.name)
      if (before !== undefined && before !== unchecked)
        this.#log.info({ check: check.name }, 'health check succeeds again')
    } catch (error) {
      if (this.#stop.signal.aborted) return
      failed = failedBefore + 1
      if (failed >= check.threshold) this.#fail(check.name, error)
    }
    this.#schedule(check, failed)
  }

  #fail(name: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    const before = this.#failures.get(name)
    if (before === undefined || before === unchecked) this.#log.error({ check: name, reason }, 'health check failed')
    this.#failures.set(name, reason)
  }
}

function afterTime(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms).unref()
  return () => clearTimeout(timer)
}
