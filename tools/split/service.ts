import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

export interface Program {
  /** As its logs are prefixed: `blob-upload-2`. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Whether it is one of ours, which ends when this process does. */
  readonly endsWithParent: boolean
  /** Its lines are shown only when it ends unasked. */
  readonly isQuiet: boolean
  /** Resolves to whether it serves now. */
  readonly serves: () => Promise<boolean>
}

const readyDeadlineMs = 60_000
const keptLines = 20
const firstPauseMs = 100
const longestPauseMs = 5000
/** A process that lived that long has not failed because of how it was started. */
const livedMs = 10_000

/** A process did not come to serve: what it said last is all there is to say. */
export class NotServing extends Error {
  override readonly name = 'NotServing'
}

/** A process of the deployment, started again whenever it dies. */
export class Service {
  readonly program: Program
  readonly #print: (line: string) => void
  readonly #onChange: () => void
  readonly #stop = new AbortController()
  /** What the process said last. */
  #lines: string[] = []
  #child: ChildProcess | undefined
  /** Resolves when the process has ended, and no other one comes. */
  #ended: Promise<unknown> = Promise.resolve()

  /** @param onChange is called when the process is another one */
  constructor(program: Program, print: (line: string) => void, onChange: () => void) {
    this.program = program
    this.#print = (line) => print(`${program.name} | ${line}`)
    this.#onChange = onChange
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when it serves. @throws NotServing it ended before, or does not serve within a minute */
  async start(): Promise<void> {
    const ended = this.#spawn()
    this.#ended = ended
    const waiting = new AbortController()
    const outcome = await Promise.race([ended, this.#ready(waiting.signal)])
    waiting.abort()
    if (outcome !== 'ready') throw new NotServing([`${this.program.name} ${outcome}`, ...this.#lines].join('\n  '))
    this.#ended = this.#supervise(ended)
  }

  /** Asks it to end; kills it when `deadline` is aborted. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stop.abort()
    const kill = (): void => void this.#child?.kill('SIGKILL')
    deadline.addEventListener('abort', kill, { once: true })
    if (deadline.aborted) kill()
    else this.#child?.kill('SIGTERM')
    await this.#ended
    deadline.removeEventListener('abort', kill)
  }

  /** @returns how it ended, when it has */
  #spawn(): Promise<string> {
    const { command, args, env, endsWithParent } = this.program
    const child = spawn(command, args, {
      env,
      // In a group of its own: Ctrl-C is for this process, which ends the others in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(endsWithParent ? (['ipc'] as const) : [])],
    })
    this.#child = child
    this.#lines = []
    const copied = [child.stdout, child.stderr].map((stream) => this.#copy(stream))
    return once(child, 'exit').then(
      async ([code, signal]: (number | string | null)[]) => {
        await Promise.all(copied)
        return signal === null ? `ended with status ${code}` : `was ended by ${signal}`
      },
      (error: unknown) => `could not be started: ${error instanceof Error ? error.message : String(error)}`,
    )
  }

  async #copy(stream: Readable | null): Promise<void> {
    if (stream === null) return
    for await (const line of createInterface({ input: stream })) {
      if (!this.program.isQuiet) this.#print(line)
      if (this.#lines.push(line) > keptLines) this.#lines.shift()
    }
  }

  async #supervise(first: Promise<string>): Promise<void> {
    let ended = first
    for (let failures = 0; ; failures += 1) {
      const startedMs = performance.now()
      const how = await ended
      if (this.#stop.signal.aborted) return
      if (performance.now() - startedMs > livedMs) failures = 0
      if (this.program.isQuiet) this.#lines.forEach(this.#print)
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** failures)
      this.#print(`${how}; started again in ${pauseMs} ms`)
      await delay(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      if (this.#stop.signal.aborted) return
      ended = this.#spawn()
      this.#onChange()
    }
  }

  async #ready(signal: AbortSignal): Promise<string> {
    const late = AbortSignal.timeout(readyDeadlineMs)
    while (!signal.aborted) {
      if (await this.program.serves()) return 'ready'
      if (late.aborted) return `does not serve after ${readyDeadlineMs} ms`
      await delay(20)
    }
    return 'is not waited for'
  }
}
