import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

export interface PasswordToVerify {
  readonly password: string
  /** Of bcrypt. */
  readonly hash: string
}

export interface PasswordVerifierOptions {
  /** Default: one for every two processors, four at most. */
  readonly threads?: number
  /** How many may wait. Default: 16 for each thread, about a second's work. */
  readonly maxWaiting?: number
}

interface Task extends PasswordToVerify {
  readonly done: PromiseWithResolvers<boolean>
}

/**
 * Compares passwords with hashes, which is slow on purpose: in threads of its own, so that nothing else waits. Threads
 * are started when the first password comes.
 */
export class PasswordVerifier {
  readonly #threads: number
  readonly #maxWaiting: number
  readonly #idle: Worker[] = []
  readonly #tasks = new Map<Worker, Task>()
  readonly #waiting: Task[] = []
  #started = 0
  #isClosed = false

  constructor(options: PasswordVerifierOptions = {}) {
    this.#threads = options.threads ?? Math.min(4, Math.max(1, availableParallelism() >> 1))
    this.#maxWaiting = options.maxWaiting ?? 16 * this.#threads
  }

  /** Whether one more would be too many. */
  get isFull(): boolean {
    return this.#waiting.length >= this.#maxWaiting
  }

  /** @throws Error the thread failed, too many wait already, or this is closed */
  async verify(password: string, hash: string): Promise<boolean> {
    if (this.#isClosed) throw new Error('passwords are not verified any more')
    if (this.isFull) throw new Error('too many passwords wait to be verified')
    const task: Task = { password, hash, done: Promise.withResolvers() }
    this.#waiting.push(task)
    if (this.#idle.length === 0 && this.#started < this.#threads) this.#start()
    this.#next()
    return task.done.promise
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const { done } of this.#waiting.splice(0)) done.reject(new Error('passwords are not verified any more'))
    await Promise.all([...this.#idle, ...this.#tasks.keys()].map((worker) => worker.terminate()))
  }

  #start(): void {
    const name = `./verify-password.worker${import.meta.url.endsWith('.ts') ? '.ts' : '.mjs'}`
    const worker = new Worker(new URL(name, import.meta.url))
    // Whoever waits for an answer keeps the process alive, and not a thread that might be asked.
    worker.unref()
    this.#started++
    this.#idle.push(worker)
    let failure = new Error('the thread that verifies passwords ended')
    worker.on('message', (isRight: boolean) => {
      this.#tasks.get(worker)?.done.resolve(isRight)
      this.#tasks.delete(worker)
      this.#idle.push(worker)
      this.#next()
    })
    worker.on('error', (error: Error) => (failure = error))
    worker.on('exit', () => {
      this.#started--
      const at = this.#idle.indexOf(worker)
      if (at >= 0) this.#idle.splice(at, 1)
      this.#tasks.get(worker)?.done.reject(failure)
      this.#tasks.delete(worker)
      if (this.#isClosed || this.#waiting.length === 0) return
      this.#start()
      this.#next()
    })
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop()
      const task = worker && this.#waiting.shift()
      if (worker === undefined || task === undefined) return
      this.#tasks.set(worker, task)
      worker.postMessage({ password: task.password, hash: task.hash } satisfies PasswordToVerify)
    }
  }
}
