import type { Request, Response } from 'express'
import { type Identity, networkOf } from '@berth/access'
import type { ByteStream } from '@berth/bytes'
import type { RegistryError } from '@berth/errors'
import type { Span } from '@berth/process'
import { parseRepositoryName, type RepositoryName } from '@berth/reference'
import type { Exchange } from './exchange.ts'
import type { HeldAnswers } from './held-answers.ts'
import { ClientGoneError, RequestBody } from './request-body.ts'
import type { RouteName } from '../routes.ts'
import { announcesBody, discardBody } from './unread-body.ts'
import type { Urls } from '../urls/urls.ts'

const noParameters = new URLSearchParams()

/** The exchange behind every operation. Whatever most requests do not need is made when it is asked for. */
export class RequestExchange implements Exchange {
  readonly request: Request
  readonly response: Response
  readonly id: string
  readonly route: RouteName | undefined
  readonly name: string
  readonly parameter: string
  readonly startedAtMs = performance.now()
  /** Bytes of the response's body that were handed to the connection. */
  sent = 0
  /** The fault that was answered. */
  fault: RegistryError | undefined
  /** Whether the answer is out, though Node does not count the response as finished. */
  isAnswered = false
  facts: Record<string, unknown> | undefined
  /** Who asks, where that is known. */
  identity: Identity | undefined
  /** Its part of a trace, where traces are made. */
  span: Span | undefined
  /** Where large answers are counted. */
  answers: HeldAnswers | undefined
  readonly #urls: Urls
  #repository: RepositoryName | undefined
  #query: URLSearchParams | undefined
  #abort: AbortController | undefined
  #body: RequestBody | undefined
  #isBodyDropped = false
  #isAnswerHeld = false
  #clientAddress: string | undefined
  #clientNetwork: string | undefined

  constructor(
    urls: Urls,
    id: string,
    request: Request,
    response: Response,
    route: RouteName | undefined,
    parameters: Record<string, string | string[] | undefined>,
  ) {
    this.#urls = urls
    this.id = id
    this.request = request
    this.response = response
    this.route = route
    this.name = (parameters['name'] as string | undefined) ?? ''
    this.parameter = (parameters['parameter'] as string | undefined) ?? ''
  }

  get repository(): RepositoryName {
    return (this.#repository ??= parseRepositoryName(this.name))
  }

  /** @throws RegistryError NAME_INVALID: the path has a name that is none */
  checkName(): void {
    if (this.name !== '') this.#repository ??= parseRepositoryName(this.name)
  }

  get query(): URLSearchParams {
    if (this.#query !== undefined) return this.#query
    const { url } = this.request
    const start = url.indexOf('?')
    return (this.#query = start < 0 ? noParameters : new URLSearchParams(url.slice(start + 1)))
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.response.destroyed && !this.response.writableFinished) this.abort()
    }
    return this.#abort.signal
  }

  get contentLength(): number | undefined {
    const { headers } = this.request
    if (headers['transfer-encoding'] !== undefined) return undefined
    return Number(headers['content-length'] ?? 0)
  }

  /** Bytes of the request's body that were read. */
  get received(): number {
    return this.#body?.received ?? 0
  }

  /** Whether the operation can only go on when the client has sent more. */
  get isReceiving(): boolean {
    return this.#body?.isWaiting ?? false
  }

  body(): ByteStream {
    if (this.#body !== undefined) throw new Error('the body of a request was asked for twice')
    const { request, response } = this
    if (request.headers.expect !== undefined && request.httpVersion === '1.1' && !response.headersSent)
      response.writeContinue()
    this.#body = new RequestBody(request)
    if (!announcesBody(request)) this.#body.release()
    return this.#body
  }

  /** Whether the client is still sending a body that nobody drops yet. */
  get hasUnreadBody(): boolean {
    return !this.#isBodyDropped && !this.request.complete && announcesBody(this.request)
  }

  /** Drops what is left of the body, if anything is. @param onEnd as `discardBody` has it */
  dropBody(onEnd: (isComplete: boolean) => void): void {
    if (!this.hasUnreadBody) return
    this.#isBodyDropped = true
    this.#body?.release()
    discardBody(this.request, onEnd)
  }

  url(path: string, query?: Readonly<Record<string, string>>): string {
    return this.#urls.url(this.request, path, query)
  }

  /** The absolute URL of `/v2/`, as the client sees it. */
  get baseUrl(): string {
    return this.#urls.baseUrl(this.request)
  }

  get clientAddress(): string {
    return (this.#clientAddress ??= this.#urls.clientOf(this.request))
  }

  get clientNetwork(): string {
    return (this.#clientNetwork ??= networkOf(this.clientAddress))
  }

  tryHoldAnswer(body: Uint8Array | string): boolean {
    if (this.#isAnswerHeld || this.answers === undefined) return true
    this.#isAnswerHeld = this.answers.tryHold(this, body)
    return this.#isAnswerHeld
  }

  async holdAnswer(bytes: number): Promise<void> {
    await this.answers?.hold(this, bytes)
    this.#isAnswerHeld = true
  }

  note(facts: Readonly<Record<string, unknown>>): void {
    this.facts = this.facts === undefined ? { ...facts } : Object.assign(this.facts, facts)
  }

  /** Tells whoever works for this request that nobody waits for the outcome. */
  abort(): void {
    this.#abort?.abort(new ClientGoneError('the client went away'))
  }
}
