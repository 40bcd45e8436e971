import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ByteStream } from '@berth/bytes'
import type { RepositoryName } from '@berth/reference'

/** One request and its response, as the operations see it: what routing found, and what every response needs. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Of the path. @throws RegistryError NAME_INVALID where it is not one */
  readonly repository: RepositoryName
  /** The path's last variable as it was sent, decoded: the reference, the digest or the upload id. `''` where none. */
  readonly parameter: string
  /** Of the query alone: forms in bodies are never read. */
  readonly query: URLSearchParams
  /** Aborted once the client is gone, or the process must end. */
  readonly signal: AbortSignal

  /**
   * The request's body. Asking for it is what answers `Expect: 100-continue`, so the checks come first. It throws
   * where the client goes away or stalls before the body's end. To be asked for once.
   */
  body(): ByteStream

  /** The announced size of the body in bytes; `undefined` where it is sent in pieces of unknown size. */
  readonly contentLength: number | undefined

  /**
   * A URL for a `Location` header: a path, or absolute where the configuration says so.
   *
   * @param path below `/v2/`, its components already encoded
   */
  url(path: string, query?: Readonly<Record<string, string>>): string

  /** The client's address. See `client/client-of.ts`. */
  readonly clientAddress: string

  /** The key of limits that count by client: its IPv4 address, or the /64 network of its IPv6 address. */
  readonly clientNetwork: string

  /**
   * Counts the memory of an answer until the client has taken it. To be called once, before the answer is sent.
   *
   * @returns whether there was room for it; if not, it must not be sent
   */
  tryHoldAnswer(body: Uint8Array | string): boolean

  /**
   * Waits for room for an answer of so many bytes, and counts it. Nothing large may be held meanwhile.
   *
   * @throws RegistryError UNAVAILABLE: other answers, most likely to the same client, hold too much
   */
  holdAnswer(bytes: number): Promise<void>

  /** Adds facts to the request's log line. */
  note(facts: Readonly<Record<string, unknown>>): void
}

/** An operation of the API. Faults are thrown, and rendered in one place. */
export type Handler = (exchange: Exchange) => Promise<void>
