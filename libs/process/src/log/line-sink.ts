import { writeSync } from 'node:fs'

/** Takes whole lines, and writes them without ever making the caller wait. */
export interface LineSink {
  write(line: string): void
  /** Writes now what is held back. For the moment before the process ends. */
  flush(): void
}

export interface LineSinkOptions {
  /** Writes bytes and returns how many it took. Throws an error whose `code` is `EAGAIN` where it can take none now. */
  readonly write?: (bytes: Uint8Array) => number
  /** How much is held while nobody reads it, in UTF-16 units; lines beyond are counted and dropped. */
  readonly limit?: number
  /** Runs something soon, once this turn of the event loop is over. */
  readonly soon?: (run: () => void) => void
  /** Runs something after a while, for a reader that is slow. */
  readonly later?: (run: () => void) => void
}

/** A sink to a file descriptor: the lines of one turn of the event loop go out in one write. */
export function createLineSink(fd: number, options: LineSinkOptions = {}): LineSink {
  return new DescriptorSink({
    write: (bytes) => writeSync(fd, bytes),
    limit: 8 * 1024 * 1024,
    soon: setImmediate,
    later: (run) => setTimeout(run, 20).unref(),
    ...options,
  })
}

// Beyond this a turn's lines are not worth collecting further.
const batch = 64 * 1024

class DescriptorSink implements LineSink {
  readonly #options: Required<LineSinkOptions>
  #lines = ''
  /** What a write left over. */
  #rest: Uint8Array = new Uint8Array()
  #dropped = 0
  #scheduled = false
  #isGone = false

  constructor(options: Required<LineSinkOptions>) {
    this.#options = options
  }

  write(line: string): void {
    if (this.#isGone) return
    if (this.#lines.length + this.#rest.length + line.length > this.#options.limit) {
      this.#dropped++
      return
    }
    this.#lines += line
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#options.soon(this.#onTurn)
    } else if (this.#lines.length > batch && this.#rest.length === 0) {
      this.flush()
    }
  }

  flush(): void {
    while (!this.#isGone && (this.#rest.length > 0 || this.#lines !== '')) {
      if (this.#rest.length === 0) this.#take()
      try {
        this.#rest = this.#rest.subarray(this.#options.write(this.#rest))
      } catch (error) {
        if (isCode(error, 'EAGAIN') || isCode(error, 'EINTR')) return
        // Nobody reads any more (EPIPE), or the disk is full: the registry goes on without its log.
        this.#isGone = true
        this.#lines = ''
      }
    }
  }

  readonly #onTurn = (): void => {
    this.#scheduled = false
    this.flush()
    if (this.#rest.length === 0 || this.#isGone) return
    this.#scheduled = true
    this.#options.later(this.#onTurn)
  }

  #take(): void {
    const note = this.#dropped === 0 ? '' : `{"level":"warn","dropped":${this.#dropped},"msg":"log lines dropped"}\n`
    this.#rest = Buffer.from(this.#lines + note)
    this.#dropped = 0
    this.#lines = ''
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
