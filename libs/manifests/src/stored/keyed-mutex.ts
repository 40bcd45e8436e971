import { RegistryError } from '@berth/errors'

/** Lets one task of a key run at a time, in the order they came. */
export class KeyedMutex {
  readonly #maxWaiting: number
  /** A key that is here is taken; those in its list wait for it. */
  readonly #queues = new Map<string, (() => void)[]>()

  constructor(maxWaiting = 1000) {
    this.#maxWaiting = maxWaiting
  }

  /** @throws RegistryError TOOMANYREQUESTS: more wait for this key already than may */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    return this.runAll([key], task)
  }

  /** Runs a task that needs all of these keys. @throws RegistryError TOOMANYREQUESTS */
  async runAll<T>(keys: readonly string[], task: () => Promise<T>): Promise<T> {
    const taken: string[] = []
    try {
      // All take what they need in one order, so that none waits for another that waits for it.
      for (const key of new Set([...keys].sort())) {
        await this.#take(key)
        taken.push(key)
      }
      return await task()
    } finally {
      for (const key of taken) this.#give(key)
    }
  }

  async #take(key: string): Promise<void> {
    const queue = this.#queues.get(key)
    if (queue === undefined) this.#queues.set(key, [])
    else if (queue.length >= this.#maxWaiting) throw new RegistryError('TOOMANYREQUESTS', { retryAfterMs: 1000 })
    else await new Promise<void>((resolve) => queue.push(resolve))
  }

  #give(key: string): void {
    const next = this.#queues.get(key)?.shift()
    if (next === undefined) this.#queues.delete(key)
    else next()
  }
}
