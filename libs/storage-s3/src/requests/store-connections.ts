import { LargeBuffers, ServerConnection, type ServerEnd, ServerFailure } from '@berth/http-client'
import { NoRoomError } from './store-fault.ts'

/** Maximum number of connections. A client that reads slowly holds one for as long as it reads. */
export const mostConnections = 1024
/** Downloads that are read with large buffers at once, of two mebibytes each. */
const maxLargeBuffers = 24
const connectTimeoutMs = 5000
const maxIdleMs = 10_000

export interface StoreConnectionsOptions {
  readonly end: Omit<ServerEnd, 'buffers'>
  /** For a connection that others have. */
  readonly waitMs: number
  readonly maxConnections?: number
}

/** The connections to a store: so many at most, each for one request at a time. */
export class StoreConnections {
  readonly #end: ServerEnd
  readonly #waitMs: number
  readonly #maxConnections: number
  readonly #open = new Set<ServerConnection>()
  /** Those with nothing to do; the one that was used last is used next. */
  #idle: ServerConnection[] = []
  #opening = 0
  /** Whoever waits for a connection to be given back, or for room for another. */
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  constructor({ end, waitMs, maxConnections = mostConnections }: StoreConnectionsOptions) {
    this.#end = { ...end, buffers: new LargeBuffers(maxLargeBuffers) }
    this.#waitMs = waitMs
    this.#maxConnections = maxConnections
  }

  /**
   * Lends a connection, to be given back.
   *
   * @throws ServerFailure nobody is there
   * @throws NoRoomError others have all
   */
  async take(signal: AbortSignal | undefined): Promise<ServerConnection> {
    for (;;) {
      for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) if (kept.isUsable) return kept
      if (this.#hasRoom) return this.#connect()
      await this.#turn(signal)
    }
  }

  /** Lends one that was not used before. @throws as `take` */
  async takeNew(signal: AbortSignal | undefined): Promise<ServerConnection> {
    while (!this.#hasRoom) {
      const kept = this.#idle.pop()
      if (kept === undefined) await this.#turn(signal)
      else this.#drop(kept)
    }
    return this.#connect()
  }

  give(connection: ServerConnection): void {
    if (!connection.isReusable || this.#isClosed) return this.#drop(connection)
    this.#idle.push(connection)
    connection.rest(maxIdleMs)
    this.#next()
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#open) connection.destroy()
  }

  get #hasRoom(): boolean {
    return this.#open.size + this.#opening < this.#maxConnections
  }

  async #connect(): Promise<ServerConnection> {
    this.#opening++
    try {
      const connection = await ServerConnection.open(this.#end, connectTimeoutMs, (closed) => this.#forget(closed))
      if (!connection.isUsable) throw new ServerFailure('the server went away')
      this.#open.add(connection)
      return connection
    } finally {
      this.#opening--
      this.#next()
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = (): void => resolve()
    this.#waiting.add(end)
    signal?.addEventListener('abort', end)
    const timer = setTimeout(end, this.#waitMs)
    await promise
    signal?.removeEventListener('abort', end)
    clearTimeout(timer)
    const isItsTurn = !this.#waiting.delete(end)
    if (isItsTurn && signal?.aborted === true) this.#next()
    signal?.throwIfAborted()
    if (!isItsTurn) throw new NoRoomError('no connection to the store was free in time')
  }

  #drop(connection: ServerConnection): void {
    this.#forget(connection)
    connection.destroy()
  }

  #forget(connection: ServerConnection): void {
    if (!this.#open.delete(connection)) return
    this.#idle = this.#idle.filter((each) => each !== connection)
    this.#next()
  }

  #next(): void {
    const [first] = this.#waiting
    if (first === undefined) return
    this.#waiting.delete(first)
    first()
  }
}
