import { RegistryError } from '@berth/errors'
import { Turns } from '@berth/storage'

/** Lets one task of a key run at a time, in the order in which they came. */
export class KeyedMutex {
  readonly #maxWaiting: number
  /** One turn for each key that a task has or waits for. */
  readonly #turns = new Map<string, Turns>()

  constructor(maxWaiting = 1000) {
    this.#maxWaiting = maxWaiting
  }

  /** @throws RegistryError TOOMANYREQUESTS: the maximum number of tasks waits for this key already */
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
    const known = this.#turns.get(key)
    if (known !== undefined && known.waiting >= this.#maxWaiting)
      throw new RegistryError('TOOMANYREQUESTS', { retryAfterMs: 1000 })
    const turns = known ?? new Turns(1)
    if (known === undefined) this.#turns.set(key, turns)
    await turns.take()
  }

  #give(key: string): void {
    const turns = this.#turns.get(key)
    turns?.give()
    if (turns?.isIdle) this.#turns.delete(key)
  }
}
