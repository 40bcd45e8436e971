import {
  type Client,
  type ClientReadableStream,
  connectivityState,
  Metadata,
  type MethodDefinition,
  status,
} from '@grpc/grpc-js'

const nothing = new Metadata()

/** A failure of ours in the shape of gRPC's. */
function failureOf(code: status, details: string): Error {
  return Object.assign(new Error(details), { code, details, metadata: nothing })
}

/** Makes a call. @throws ServiceError */
export function callForOne<Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
  request: Request,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => call.cancel()
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      nothing,
      { deadline: Date.now() + deadlineMs },
      (error, response) => {
        signal?.removeEventListener('abort', cancel)
        if (error !== null) reject(error)
        else if (response === undefined) reject(failureOf(status.INTERNAL, 'an answer without a message'))
        else resolve(response)
      },
    )
    signal?.addEventListener('abort', cancel, { once: true })
  })
}

/** Makes a call, and collects its messages. @throws ServiceError */
export function callForMany<Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
  request: Request,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<Response[]> {
  return new Promise((resolve, reject) => {
    const messages: Response[] = []
    const options = { deadline: Date.now() + deadlineMs }
    const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, nothing, options)
    const cancel = (): void => call.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    const done = (): void => signal?.removeEventListener('abort', cancel)
    call.on('data', (message: Response) => messages.push(message))
    call.on('error', (error) => {
      done()
      reject(error)
    })
    call.on('end', () => {
      done()
      resolve(messages)
    })
  })
}

/** Waits until one of the client's addresses is connected, or none can be. @throws ServiceError; the signal's reason */
export function connected(client: Client, deadline: number, signal?: AbortSignal): Promise<void> {
  const channel = client.getChannel()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (isLate: boolean): void => {
    const state = channel.getConnectivityState(true)
    if (state === connectivityState.READY) resolve()
    else if (isLate || state === connectivityState.TRANSIENT_FAILURE)
      reject(failureOf(status.UNAVAILABLE, 'no connection'))
    else
      channel.watchConnectivityState(state, deadline, (error) => {
        try {
          look(error !== undefined)
        } catch (closed) {
          reject(failureOf(status.UNAVAILABLE, String(closed)))
        }
      })
  }
  const giveUp = (): void => reject(signal?.reason as Error)
  signal?.addEventListener('abort', giveUp, { once: true })
  look(false)
  return promise.finally(() => signal?.removeEventListener('abort', giveUp))
}

/** The messages of a call, one after the other. Whoever has it reads to its end or stops it. */
export class MessageStream<Request, Response> {
  readonly #call: ClientReadableStream<Response>
  readonly #messages: AsyncIterator<Response>
  readonly #signal: AbortSignal | undefined
  readonly #cancel = (): void => this.#call.cancel()

  constructor(
    client: Client,
    { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ) {
    // Without a deadline for the whole: how long it takes is up to the reader.
    this.#call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, nothing, {})
    this.#messages = this.#call[Symbol.asyncIterator]() as AsyncIterator<Response>
    // What fails after the reader stopped concerns nobody, but an `error` that nobody hears ends the process.
    this.#call.on('error', () => undefined)
    this.#signal = signal
    signal?.addEventListener('abort', this.#cancel, { once: true })
  }

  /** @returns `undefined` at the end @throws ServiceError DEADLINE_EXCEEDED after `withinMs` */
  async next(withinMs: number): Promise<Response | undefined> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#call.cancel()
    }, withinMs)
    try {
      const { done, value } = await this.#messages.next()
      if (done !== true) return value
      this.stop()
      return undefined
    } catch (error) {
      this.stop()
      throw isLate ? failureOf(status.DEADLINE_EXCEEDED, 'no message within the deadline') : error
    } finally {
      clearTimeout(timer)
    }
  }

  stop(): void {
    this.#signal?.removeEventListener('abort', this.#cancel)
    this.#call.cancel()
  }
}
