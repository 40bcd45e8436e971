import { RegistryError } from '@berth/errors'

/** Lets one task of a key run at a time, in the order they came. */
export class KeyedMutex {
  readonly #maxWaiting: number
  readonly #queues = new Map<string, (() => void)[]>()

  constructor(maxWaiting = 1000) {
    this.#maxWaiting = maxWaiting
  }

  /** @throws RegistryError TOOMANYREQUESTS: more wait for this key already than may */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key)
    if (queue === undefined) this.#queues.set(key, [])
    else if (queue.length >= this.#maxWaiting) throw new RegistryError('TOOMANYREQUESTS', { retryAfterMs: 1000 })
    else await new Promise<void>((resolve) => queue.push(resolve))
    try {
      return await task()
    } finally {
      const next = this.#queues.get(key)?.shift()
      if (next === undefined) this.#queues.delete(key)
      else next()
    }
  }
}
