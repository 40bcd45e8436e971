import type { Logger } from '@berth/errors'
import type { Closable } from './lifecycle.ts'

export interface RepeatedTaskOptions {
  readonly name: string
  /** Until the first run. */
  readonly delayMs: number
  /** From the end of one run to the next. */
  readonly intervalMs: number
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly log: Logger
  /** Runs something after `ms`; returns what forgets it. */
  readonly after?: (ms: number, run: () => void) => () => void
}

/** Something that is done now and then while the process lives. A run that fails is logged, and the next one comes. */
export class RepeatedTask implements Closable {
  readonly #options: RepeatedTaskOptions
  readonly #stop = new AbortController()
  #forget: () => void = () => {}
  #running: Promise<void> = Promise.resolve()

  constructor(options: RepeatedTaskOptions) {
    this.#options = options
    this.#schedule(options.delayMs)
  }

  /** Cancels a run that is under way, and waits for its end. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#forget()
    await this.#running
  }

  #schedule(ms: number): void {
    const { after = afterTime } = this.#options
    if (this.#stop.signal.aborted) return
    this.#forget = after(ms, () => {
      this.#running = this.#run()
    })
  }

  async #run(): Promise<void> {
    const { name, run, log, intervalMs } = this.#options
    try {
      await run(this.#stop.signal)
    } catch (error) {
      if (!this.#stop.signal.aborted) log.error({ err: error, task: name }, 'task failed')
    }
    this.#schedule(intervalMs)
  }
}

function afterTime(ms: number, run: () => void): () => void {
  // A timer cannot wait longer than 2^31 ms: what is to wait for months runs once in 24 days.
  const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1)).unref()
  return () => clearTimeout(timer)
}
