import type { Writable } from 'node:stream'

/** Sees whether somebody still waits for what is sent to a target. `release` ends the watch. */
export class TargetWatch {
  readonly #target: Writable
  readonly #outer: AbortSignal | undefined
  readonly #controller = new AbortController()
  readonly #onClose = (): void => this.#controller.abort(this.#target.errored ?? new Error('the target was closed'))
  readonly #onAbort = (): void => this.#controller.abort(this.#outer?.reason)

  constructor(target: Writable, signal: AbortSignal | undefined) {
    this.#target = target
    this.#outer = signal
    target.once('close', this.#onClose)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted === true) this.#onAbort()
    else if (target.destroyed || target.writableEnded) this.#onClose()
  }

  /** Aborted when the target is closed, with its error if it has one, or when the outer signal is. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** @throws the target's error: it has not told yet that it is closed */
  throwIfGone(): void {
    if (this.#target.destroyed) this.#onClose()
    this.signal.throwIfAborted()
  }

  release(): void {
    this.#target.off('close', this.#onClose)
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }
}
