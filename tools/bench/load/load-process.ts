import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Job, Measurement } from './job.ts'

const jobDeadlineMs = 120_000

/** The process that makes the load, so that the bench itself takes no CPU from the server while it measures. */
export class LoadProcess {
  // In a session of its own: Linux may share the processors out by session, and a server is not to be scheduled with its
  // clients, or apart from them, by how it is started.
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), { detached: true })

  readonly #gone = once(this.#child, 'exit')

  /** @throws Error where the server's answer was not the expected one, or the job took far too long */
  async run(job: Job): Promise<Measurement> {
    const answered: Promise<Answer[]> = once(this.#child, 'message', { signal: AbortSignal.timeout(jobDeadlineMs) })
    this.#child.send(job)
    const [answer] = await Promise.race([answered, this.#gone.then((): Answer[] => [])])
    if (answer === undefined) throw new Error('the load process ended')
    if ('failure' in answer) throw new Error(answer.failure)
    return answer.measurement
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#gone
  }
}
