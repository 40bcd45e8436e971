import type { Logger } from '@berth/errors'

/** Something that was opened and must be closed. */
export interface Closable {
  /** @param deadline aborted when there is no time left: whatever can be cut short then, should be */
  close(deadline: AbortSignal): Promise<void> | void
}

/** What a process has opened, to be closed in reverse order: each thing was opened with the help of those before it. */
export class Lifecycle {
  readonly #log: Logger
  readonly #owned: Closable[] = []
  readonly #notReady: (() => void)[] = []
  #isReady = false
  #closing: { readonly deadline: AbortSignal; done: Promise<boolean> } | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Whether the process is to be sent requests. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Everything is open. */
  ready(): void {
    if (this.#closing === undefined) this.#isReady = true
  }

  /** Runs `listener` when closing begins, before anything is closed. */
  onNotReady(listener: () => void): void {
    this.#notReady.push(listener)
  }

  /**
   * Takes over the closing of `thing`.
   *
   * @returns `thing`
   * @throws Error when closing has begun; `thing` is closed all the same
   */
  own<T extends Closable>(thing: T): T {
    this.#owned.push(thing)
    if (this.#closing === undefined) return thing
    const closing = this.#closing
    closing.done = closing.done.then((isClean) => this.#closeOwned(closing.deadline, isClean))
    throw new Error('the process is shutting down')
  }

  /**
   * Closes everything, the last first, each when the one before is done. When `deadline` is aborted the rest is closed
   * without waiting for any. A failure is logged and does not stop the rest. Closing twice is closing once.
   *
   * @returns whether all was closed, without failure and in time
   */
  close(deadline: AbortSignal): Promise<boolean> {
    if (this.#closing === undefined) {
      this.#isReady = false
      const isClean = this.#notReady.map((listener) => this.#attempt(listener)).every(Boolean)
      this.#closing = { deadline, done: this.#closeOwned(deadline, isClean) }
    }
    return this.#closing.done
  }

  #attempt(listener: () => void): boolean {
    try {
      listener()
      return true
    } catch (error) {
      this.#log.error({ err: error }, 'closing a part failed during shutdown')
      return false
    }
  }

  async #closeOwned(deadline: AbortSignal, isClean: boolean): Promise<boolean> {
    for (let thing = this.#owned.pop(); thing !== undefined; thing = this.#owned.pop()) {
      isClean = (await this.#closeOne(thing, deadline)) && isClean
    }
    return isClean
  }

  async #closeOne(thing: Closable, deadline: AbortSignal): Promise<boolean> {
    const part = thing.constructor.name
    const closed = (async () => thing.close(deadline))().then(
      () => true,
      (error: unknown) => {
        this.#log.error({ err: error, part }, 'closing a part failed during shutdown')
        return false
      },
    )
    const outcome = await Promise.race([closed, whenAborted(deadline)])
    if (outcome === 'expired') this.#log.error({ part }, 'a part did not close before the shutdown deadline')
    return outcome === true
  }
}

/** Settles a turn of the event loop after `signal` is aborted, so that what can stop at once is still waited for. */
function whenAborted(signal: AbortSignal): Promise<'expired'> {
  return new Promise((resolve) => {
    const expire = () => setImmediate(resolve, 'expired')
    if (signal.aborted) expire()
    else signal.addEventListener('abort', expire, { once: true })
  })
}
