import { pino } from 'pino'

/** Takes whole lines and writes them to a file descriptor. No method ever waits for the reader. */
export interface LineSink {
  write(line: string): void
  /**
   * Writes the lines that are held back.
   *
   * @returns resolved when they are written, or after `flushTimeoutMs`; `undefined` if no line is held back
   */
  flush(): Promise<void> | undefined
}

export interface LineSinkOptions {
  /** Maximum size in bytes of the lines that the reader has not taken yet. Lines beyond it are counted and dropped. */
  readonly limit?: number
  /** Maximum duration of `flush`, in milliseconds. */
  readonly flushTimeoutMs?: number
}

/** Maximum length of the lines that are joined into one write, in UTF-16 units. */
const maxBatch = 64 * 1024

/**
 * A sink that joins the lines of one turn of the event loop into one write. If a write fails, for example because the
 * disk is full, its lines are kept and written again with the next ones. After EPIPE the sink writes nothing any more.
 */
export class DescriptorSink implements LineSink {
  readonly #destination: ReturnType<typeof pino.destination>
  readonly #flushTimeoutMs: number
  #batch = ''
  #batchedLines = 0
  /** The number of lines that are being passed to the destination, which may drop them. */
  #passedLines = 0
  #isIdle = true
  #isGone = false
  #droppedLines = 0
  #reportedLines = 0
  #onDropped: ((lines: number) => void) | undefined
  #waiting: (() => void)[] = []

  constructor(fd: number, { limit = 8 * 1024 * 1024, flushTimeoutMs = 1000 }: LineSinkOptions = {}) {
    this.#flushTimeoutMs = flushTimeoutMs
    this.#destination = pino.destination({ fd, sync: false, maxLength: limit })
    // pino calls this when the process exits. It repeats a write that fails, even with EPIPE, without an end:
    // https://github.com/pinojs/sonic-boom/blob/v4.2.1/index.js#L575. `flush` is called before each exit instead.
    this.#destination.flushSync = () => undefined
    this.#destination.on('drop', () => (this.#droppedLines += this.#passedLines))
    this.#destination.on('drain', () => this.#drained())
    this.#destination.on('error', (error: NodeJS.ErrnoException) => this.#failed(error))
  }

  /** The number of lines that were dropped because the reader was too slow. */
  get droppedLines(): number {
    return this.#droppedLines
  }

  /** Calls `listener` when the reader has taken all lines, with the number of lines dropped since the last call. */
  onDropped(listener: (lines: number) => void): void {
    this.#onDropped = listener
  }

  write(line: string): void {
    if (this.#isGone) return
    if (this.#batchedLines === 0) setImmediate(() => this.#pass())
    this.#batch += line
    this.#batchedLines += 1
    if (this.#batch.length > maxBatch) this.#pass()
  }

  flush(): Promise<void> | undefined {
    this.#pass()
    if (this.#isIdle || this.#isGone) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#flushTimeoutMs)
    this.#waiting.push(() => {
      clearTimeout(timer)
      resolve()
    })
    return promise
  }

  #pass(): void {
    if (this.#batchedLines === 0 || this.#isGone) return
    const batch = this.#batch
    this.#passedLines = this.#batchedLines
    this.#batch = ''
    this.#batchedLines = 0
    this.#isIdle = false
    this.#destination.write(batch)
  }

  #drained(): void {
    this.#isIdle = true
    this.#endFlush()
    const lines = this.#droppedLines - this.#reportedLines
    this.#reportedLines = this.#droppedLines
    if (lines > 0) this.#onDropped?.(lines)
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') {
      this.#isGone = true
      this.#batch = ''
    }
    this.#endFlush()
  }

  #endFlush(): void {
    for (const end of this.#waiting.splice(0)) end()
  }
}
