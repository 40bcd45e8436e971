/** A task whose result several callers wait for. Its signal is aborted once no caller waits any more. */
export class SharedTask<T> {
  readonly #abort = new AbortController()
  readonly #result: Promise<T>
  #waiting = 0

  constructor(task: (signal: AbortSignal) => Promise<T>) {
    this.#result = task(this.#abort.signal)
    this.#result.catch(() => {})
  }

  get isStopped(): boolean {
    return this.#abort.signal.aborted
  }

  /** @throws what the task throws; the reason of `signal`, once it is aborted */
  async wait(signal: AbortSignal | undefined): Promise<T> {
    this.#waiting += 1
    try {
      return await unlessAborted(this.#result, signal)
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#abort.abort()
    }
  }
}

async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([result, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
