import { ServerConnection, type ServerEnd, ServerFailure } from '@berth/http-client'
import { type Backoff, retryDelayMs } from '@berth/retries'
import { requireGuard } from './require-guard.ts'

/** Shorter than any node keeps an idle connection. */
const maxIdleMs = 15_000
const maxConnections = 1024
/** The time for which other nodes are asked first. Nothing of it is random: no request waits for its end. */
const pause: Backoff = { firstMs: 250, longestMs: 8000, certainPart: 1 }

export interface BlobNodeOptions extends ServerEnd {
  readonly connectTimeoutMs: number
  /** What it must not answer for nobody, if anything: each connection begins with asking for that. */
  readonly guardedPath?: string | undefined
}

/** One node, and the connections to it. */
export class BlobNode {
  readonly name: string
  /** Requests that it was chosen for and that have not ended. */
  inFlight = 0
  readonly #options: BlobNodeOptions
  readonly #open = new Set<ServerConnection>()
  /** Those with nothing to do; the one that was used last is used next. */
  #idle: ServerConnection[] = []
  #opening = 0
  #failures = 0
  #pausedUntilMs = 0
  #isClosed = false

  constructor(options: BlobNodeOptions) {
    const { host, port } = options.address
    this.name = `${host.includes(':') ? `[${host}]` : host}:${port}`
    this.#options = options
  }

  /** Whether it failed so lately that others are asked first. */
  get isPaused(): boolean {
    return this.#pausedUntilMs > performance.now()
  }

  get isFull(): boolean {
    return this.#idle.length === 0 && this.#open.size + this.#opening >= maxConnections
  }

  /**
   * Lends a connection for one request and its answer. If one that was kept turns out to have been closed before it
   * was used, `work` is asked again, with a new one.
   *
   * @throws ServerFailure nobody is there; or what `work` throws
   */
  async use(work: (connection: ServerConnection) => Promise<void>): Promise<void> {
    this.inFlight++
    try {
      try {
        return await this.#useOne(work, false)
      } catch (error) {
        if (!(error instanceof ServerFailure && error.isStale)) throw error
      }
      await this.#useOne(work, true)
    } finally {
      this.inFlight--
    }
  }

  async #useOne(work: (connection: ServerConnection) => Promise<void>, isFresh: boolean): Promise<void> {
    const connection = await this.#connect(isFresh)
    await work(connection)
    this.#failures = 0
    this.#pausedUntilMs = 0
    this.#release(connection)
  }

  async #connect(isFresh: boolean): Promise<ServerConnection> {
    const kept = isFresh ? undefined : this.#idle.pop()
    if (kept !== undefined) return kept
    const { connectTimeoutMs, guardedPath } = this.#options
    this.#opening++
    try {
      const connection = await ServerConnection.open(this.#options, connectTimeoutMs, (closed) => this.#forget(closed))
      if (!connection.isUsable) throw new ServerFailure('a blob node went away')
      this.#open.add(connection)
      if (guardedPath !== undefined) await this.#requireGuard(connection, guardedPath)
      return connection
    } finally {
      this.#opening--
    }
  }

  async #requireGuard(connection: ServerConnection, path: string): Promise<void> {
    try {
      await requireGuard(connection, this.name, path, this.#options.connectTimeoutMs)
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  /** Keeps a connection for the next request, where it can have one. */
  #release(connection: ServerConnection): void {
    if (!connection.isReusable || this.#isClosed) return connection.destroy()
    this.#idle.push(connection)
    connection.rest(maxIdleMs)
  }

  /** @returns how long others are asked first; `undefined` where they are already: what fails together is one failure */
  failed(): number | undefined {
    if (this.isPaused) return undefined
    this.#failures++
    const pauseMs = retryDelayMs(this.#failures, pause)
    this.#pausedUntilMs = performance.now() + pauseMs
    return pauseMs
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#open) connection.destroy()
  }

  #forget(connection: ServerConnection): void {
    this.#open.delete(connection)
    this.#idle = this.#idle.filter((each) => each !== connection)
  }
}
