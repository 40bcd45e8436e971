import type { Writable } from 'node:stream'

/**
 * Where a driver sends content. It may close, fail, or be given up at any moment: whoever waits for it is told then.
 * `release` ends the watch.
 */
export class SendTarget {
  readonly #writable: Writable
  readonly #signal: AbortSignal | undefined
  readonly #onClose = (): void => this.#fail(this.#writable.errored ?? new Error('the target was closed'))
  readonly #onAbort = (): void => this.#fail(this.#signal?.reason)
  #failure: { readonly reason: unknown } | undefined
  #giveUp: ((reason: unknown) => void) | undefined

  constructor(writable: Writable, signal: AbortSignal | undefined) {
    this.#writable = writable
    this.#signal = signal
    writable.once('close', this.#onClose)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted === true) this.#onAbort()
    else if (writable.destroyed || writable.writableEnded) this.#onClose()
  }

  /**
   * @returns once the target has done with the chunk: the milliseconds that it took
   * @throws the target's error, or the signal's reason; the target may then use the chunk still
   */
  write(chunk: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure.reason as Error)
        return
      }
      const startedMs = performance.now()
      this.#giveUp = reject
      this.#writable.write(chunk, (error) => {
        if (error) reject(error)
        else resolve(performance.now() - startedMs)
      })
    })
  }

  release(): void {
    this.#writable.off('close', this.#onClose)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#giveUp?.(reason)
  }
}
