import type { IncomingMessage } from 'node:http'
import { chunkPassed } from './young-garbage.ts'

/** The client went away, or was cut off for making no progress, before its request was complete. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
}

/**
 * The bytes of one request's body, as they arrive. Unlike Node's own iterator it leaves the connection open when its
 * reader stops, so that the client can still be answered.
 */
export class RequestBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #request: IncomingMessage
  readonly #onChange = (): void => this.#settle()
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | undefined
  #isReleased = false
  #received = 0

  constructor(request: IncomingMessage) {
    this.#request = request
    request.on('readable', this.#onChange)
    request.on('end', this.#onChange)
    request.on('close', this.#onChange)
  }

  /** Bytes handed to the reader so far. */
  get received(): number {
    return this.#received
  }

  /** Whether the reader wants more than the client has sent. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const waiting = Promise.withResolvers<IteratorResult<Uint8Array, undefined>>()
    this.#waiting = waiting
    this.#settle()
    return waiting.promise
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.release()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Stops listening; what was not read is left in the request. */
  release(): void {
    this.#isReleased = true
    this.#request.off('readable', this.#onChange)
    this.#request.off('end', this.#onChange)
    this.#request.off('close', this.#onChange)
    this.#settle()
  }

  #settle(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    const request = this.#request
    const chunk = this.#isReleased ? null : (request.read() as Buffer | null)
    if (chunk !== null) {
      this.#received += chunk.byteLength
      chunkPassed(chunk.byteLength)
      this.#waiting = undefined
      waiting.resolve({ value: chunk, done: false })
    } else if (this.#isReleased || request.readableEnded) {
      this.#waiting = undefined
      waiting.resolve({ value: undefined, done: true })
    } else if (request.destroyed) {
      this.#waiting = undefined
      waiting.reject(new ClientGoneError('the request was cut off'))
    }
  }
}
