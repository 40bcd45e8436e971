import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import { announcesBody } from '../exchange/unread-body.ts'
import { sizeOf, type Waiting, type WaitingRequests } from './waiting-requests.ts'

/** Maximum bytes of the bodies that are parsed together with requests that wait: what Node reads from a socket at once. */
const maxParsedBodies = 64 * 1024

/** A request that is parsed and waits for its turn. Nothing was begun for it. */
interface ParsedRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly bytes: number
}

export interface ConnectionParts {
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void
  readonly waiting: WaitingRequests
  /** Called before the connection ends because its waiting requests take too much memory. */
  readonly onCutOff: () => void
}

/**
 * One connection, of which one request is served at a time. The next begins when the answer is out and all work for it
 * has ended. Nothing is read while requests wait, so that only those wait that came in the same read.
 */
export class Connection implements Waiting {
  /** The request that was begun last. */
  exchange: RequestExchange | undefined
  readonly #socket: Socket
  readonly #parts: ConnectionParts
  /** Whether a request is being served, or is about to be. */
  #isTaken = false
  /** What has not ended of the request that is being served: its work, its answer. */
  #unfinished = 0
  #queue: ParsedRequest[] = []
  #queueBytes = 0
  /** Whether the bodies of requests that wait are counted. */
  #hasBodies = false
  /** Answers what cannot be read, after all requests before it. */
  #refusal: (() => void) | undefined
  #isPaused = false
  #onReading: (() => void) | undefined
  #headTimer: NodeJS.Timeout | undefined
  readonly #pauseAgain = (): void => void this.#socket.pause()

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
  }

  /** Whether no request is being served and none waits. */
  get isIdle(): boolean {
    return !this.#isTaken && this.#refusal === undefined
  }

  /** Whether reading is paused because requests wait. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  get waitingBytes(): number {
    return this.#queueBytes
  }

  /** Serves a request that was parsed, at once or when it is its turn. */
  arrived(request: IncomingMessage, response: ServerResponse): void {
    if (this.#headTimer !== undefined) clearTimeout(this.#headTimer)
    if (!this.#isTaken) this.#begin(request, response)
    else if (!this.#socket.destroyed) this.#wait(request, response)
  }

  began(exchange: RequestExchange): void {
    this.exchange = exchange
    this.#unfinished += 2
  }

  /** The work for the request that is being served has ended, or its answer is out or given up. */
  partEnded(): void {
    if (--this.#unfinished > 0) return
    this.#isTaken = false
    if (this.#isPaused) this.#takeNext()
  }

  /**
   * Answers what cannot be read when it is its turn; nothing is read until then. A request that waits for the rest of its
   * body is dropped, since the rest is what cannot be read.
   */
  refuse(refusal: () => void): void {
    const last = this.#queue.at(-1)
    if (last?.request.complete === false) {
      this.#queue.pop()
      this.#removed(last)
    }
    if (this.isIdle) return refusal()
    this.#pause()
    this.#refusal = refusal
  }

  /**
   * Gives the head of the next request its time again once it is read. Node measures that time also while reading is
   * paused.
   */
  restartHeadTimer(timeoutMs: number, onLate: () => void): void {
    this.#onReading = () => (this.#headTimer = setTimeout(onLate, timeoutMs).unref())
  }

  closed(): void {
    clearTimeout(this.#headTimer)
    this.#onReading = undefined
    this.#refusal = undefined
    const bytes = this.#queueBytes
    this.#queue = []
    this.#queueBytes = 0
    if (bytes > 0) this.#parts.waiting.remove(this, bytes)
  }

  cutOff(): void {
    this.#parts.onCutOff()
    this.closed()
    this.#socket.destroy()
  }

  #wait(request: IncomingMessage, response: ServerResponse): void {
    this.#pause()
    let bytes = sizeOf(request)
    if (!this.#hasBodies && announcesBody(request)) {
      this.#hasBodies = true
      bytes += maxParsedBodies
    }
    this.#queue.push({ request, response, bytes })
    this.#queueBytes += bytes
    this.#parts.waiting.add(this, bytes)
  }

  #takeNext(): void {
    this.#isTaken = true
    // Other connections are served in between.
    setImmediate(() => {
      this.#isTaken = false
      // The last answer may have ended the connection.
      if (!this.#socket.writable) return this.closed()
      const next = this.#queue.shift()
      if (next !== undefined) this.#removed(next)
      const isPauseOver = this.#queue.length === 0 && (next === undefined || this.#refusal === undefined)
      if (isPauseOver) this.#resume()
      if (next !== undefined) this.#begin(next.request, next.response)
      else this.#refusal?.()
    })
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#isTaken = true
    this.#parts.serve(request, response)
  }

  #removed({ bytes }: ParsedRequest): void {
    this.#queueBytes -= bytes
    if (this.#queue.length === 0) this.#hasBodies = false
    this.#parts.waiting.remove(this, bytes)
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
    // Node resumes reading after each message that it has parsed.
    this.#socket.on('resume', this.#pauseAgain)
  }

  #resume(): void {
    this.#isPaused = false
    this.#socket.off('resume', this.#pauseAgain)
    this.#socket.resume()
    this.#onReading?.()
    this.#onReading = undefined
  }
}
