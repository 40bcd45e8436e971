import { type AnswerHead, bodyOf, type Patience, type ServerConnection, ServerFailure } from '@berth/http-client'
import { endOneWay, isFlooding } from '../exchange/refuse.ts'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import { announcesBody } from '../exchange/unread-body.ts'
import { answerHeaders, answerTrailers, lastChunk, type Relay, requestHead } from './forwarded-headers.ts'

/** One client's request, as often as it takes until a node has answered it. */
export class RelayedRequest {
  /** Why the last node that was asked has not answered. */
  failure: ServerFailure | undefined
  readonly #exchange: RequestExchange
  readonly #relay: Relay
  readonly #patience: Patience
  readonly #hasBody: boolean
  #body: AsyncIterator<Uint8Array> | undefined
  /** What the client sends next: it outlives the node that was to have it. */
  #chunk: Promise<IteratorResult<Uint8Array>> | undefined
  #isBodyTaken = false

  constructor(exchange: RequestExchange, relay: Relay, patience: Patience) {
    this.#exchange = exchange
    this.#relay = relay
    this.#patience = patience
    this.#hasBody = announcesBody(exchange.request)
  }

  /** Whether another node can still be asked: nothing of a body has left, in either direction. */
  get isRepeatable(): boolean {
    return !this.#isBodyTaken && !this.isAnswered
  }

  /** Whether the client has at least a part of the answer. */
  get isAnswered(): boolean {
    return this.#exchange.response.headersSent
  }

  /**
   * Asks a node, and answers as it does.
   *
   * @param isLast whether it is the last that can be asked, so that even `503` is an answer
   * @throws ServerFailure it has not answered, or not wholly
   */
  async askOn(connection: ServerConnection, node: string, isLast: boolean): Promise<void> {
    const { id, request, signal, span, clientAddress: client } = this.#exchange
    this.#exchange.note({ node })
    const asking = span?.ask(request.method, { 'http.request.method': request.method, 'server.address': node })
    let failure: string | undefined
    const onAbort = (): void => connection.abandon(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
    try {
      signal.throwIfAborted()
      const head = requestHead(request, { ...this.#relay, id, client, node, trace: asking?.context })
      const answer = await this.#ask(connection, head)
      if (answer.status === 503 && !isLast && this.isRepeatable) throw new ServerFailure('a blob node is not available')
      await this.#answer(connection, answer)
    } catch (error) {
      failure = (error as Error).name
      connection.abandon(error as Error)
      throw error
    } finally {
      asking?.end({}, failure)
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #ask(connection: ServerConnection, head: string): Promise<AnswerHead> {
    connection.begin(head, this.#patience)
    if (!this.#hasBody) connection.sent()
    const first = await connection.nextHead()
    if (first.status !== 100) return first
    if (!this.#hasBody) throw new ServerFailure('a blob node waits for a body that there is not')

    let isAnswered = false
    const answer = connection.nextHead()
    const sending = this.#sendBody(connection, () => isAnswered)
    const onAnswer = (): void => void (isAnswered = true)
    answer.then(onAnswer, onAnswer)
    // When the answer is early, the client may go away before anybody asks for the rest of the body.
    sending.catch(() => undefined)
    await Promise.race([answer, sending])
    const last = await answer
    if (last.status === 100) throw new ServerFailure('a blob node said twice to continue')
    return last
  }

  /** Sends the client's body at the node's pace, until it ends or is not wanted any more. */
  async #sendBody(connection: ServerConnection, isAnswered: () => boolean): Promise<void> {
    const { request } = this.#exchange
    const isChunked = request.headers['transfer-encoding'] !== undefined
    this.#body ??= this.#exchange.body()[Symbol.asyncIterator]()
    for (;;) {
      this.#chunk ??= this.#body.next()
      const { value, done } = await this.#chunk
      if (isAnswered()) return
      this.#chunk = undefined
      if (done === true) break
      this.#isBodyTaken = true
      const parts = isChunked ? [`${value.byteLength.toString(16)}\r\n`, value, '\r\n'] : [value]
      await connection.send(parts)
    }
    if (!request.complete) return
    if (isChunked) await connection.send([lastChunk(request.rawTrailers)])
    connection.sent()
  }

  async #answer(connection: ServerConnection, answer: AnswerHead): Promise<void> {
    const exchange = this.#exchange
    const { request, response } = exchange
    const { status } = answer
    const body = bodyOf(answer, request.method)
    const isEarly = status >= 400 && !answer.isChunked && isFlooding(exchange)
    const headers = answerHeaders(answer.headers)
    if (isEarly) headers.push('Connection', 'close')
    const begin = (): void => {
      if (!response.headersSent) response.writeHead(status, headers)
    }
    if (body !== undefined) await connection.passBody(body, { sink: response, onWrite: begin })
    begin()
    if (body !== undefined && body.trailers.length > 0) response.addTrailers(answerTrailers(body.trailers))
    if (!isEarly) return void response.end()
    if (body === undefined) response.flushHeaders()
    endOneWay(exchange)
  }
}
