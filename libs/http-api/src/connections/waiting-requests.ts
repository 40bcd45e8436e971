import type { IncomingMessage } from 'node:http'

/** Maximum memory of all requests of a process that wait for their turn, in bytes. */
const maxWaitingBytes = 32 * 1024 * 1024

/** Approximate memory of a parsed request without headers and of its response, in bytes. */
const requestSize = 2560
/** Approximate memory of a name or value of a header besides its characters, in bytes. */
const headerTextSize = 32

/** A connection whose requests wait. */
export interface Waiting {
  readonly waitingBytes: number
  /** Ends the connection, and so removes its requests. */
  cutOff(): void
}

/**
 * Bounds the memory of the requests that wait, in all connections of a process together. Beyond the limit the
 * connection that has most of them ends: its client repeats what was not answered (RFC 9112, section 9.3.2), and clients
 * that pipeline little are not harmed by those that pipeline much.
 */
export class WaitingRequests {
  readonly #maxBytes: number
  readonly #waiting = new Set<Waiting>()
  #bytes = 0

  constructor(maxBytes = maxWaitingBytes) {
    this.#maxBytes = maxBytes
  }

  /** Counts a request of a connection, after the connection counted it. */
  add(connection: Waiting, bytes: number): void {
    this.#waiting.add(connection)
    this.#bytes += bytes
    while (this.#bytes > this.#maxBytes) this.#largest().cutOff()
  }

  /** @param bytes 0 bytes: the connection has none left */
  remove(connection: Waiting, bytes: number): void {
    this.#bytes -= bytes
    if (connection.waitingBytes === 0) this.#waiting.delete(connection)
  }

  #largest(): Waiting {
    let largest: Waiting | undefined
    for (const each of this.#waiting)
      if (largest === undefined || each.waitingBytes > largest.waitingBytes) largest = each
    if (largest === undefined) throw new Error('bytes are counted for no connection')
    return largest
  }
}

/** The approximate memory of a request that waits, with its response. */
export function sizeOf({ rawHeaders, url = '' }: IncomingMessage): number {
  let size = requestSize + url.length
  for (const text of rawHeaders) size += headerTextSize + text.length
  return size
}
