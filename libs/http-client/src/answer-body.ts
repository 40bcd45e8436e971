import type { AnswerHead } from './answer-head.ts'
import { ChunkedBody } from './chunked-body.ts'
import { ServerFailure } from './server-failure.ts'

/** Where the body of an answer ends. */
export interface AnswerBody {
  readonly isComplete: boolean
  /** Bytes that are still to come; 0 where only their end will tell. */
  readonly expectedBytes: number
  /** Names and values in turn; there when it is complete. */
  readonly trailers: readonly string[]
  /**
   * Hands the content in what was received to `write`, in pieces of it.
   *
   * @returns how many bytes are of this body; if fewer than were given, it is complete
   */
  take(bytes: Buffer, write: (content: Buffer) => void): number
}

/**
 * The body that follows a head; `undefined` where there is none.
 *
 * @throws ServerFailure its end could not be told from that of the connection
 * @see RFC 9112, section 6.3
 */
export function bodyOf(head: AnswerHead, method: string | undefined): AnswerBody | undefined {
  const { status, contentLength, isChunked } = head
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304 || contentLength === 0) return undefined
  if (isChunked) return new ChunkedBody()
  if (contentLength === undefined) throw new ServerFailure('an answer does not say where it ends')
  return new SizedBody(contentLength)
}

class SizedBody implements AnswerBody {
  readonly trailers = []
  #remaining: number

  constructor(size: number) {
    this.#remaining = size
  }

  get isComplete(): boolean {
    return this.#remaining === 0
  }

  get expectedBytes(): number {
    return this.#remaining
  }

  take(bytes: Buffer, write: (content: Buffer) => void): number {
    const size = Math.min(bytes.byteLength, this.#remaining)
    this.#remaining -= size
    if (size > 0) write(size === bytes.byteLength ? bytes : bytes.subarray(0, size))
    return size
  }
}
