import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceError,
} from '@grpc/grpc-js'
import type { Logger } from '@berth/errors'
import { type Refusal, refusalOf, unknownRefusal } from '../wire/errors.ts'

/** Makes handlers of gRPC's from functions of ours. The signal of a call is aborted when its caller is gone. */
export class Calls {
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** One message for one. */
  unary<Request, Response>(
    handle: (request: Request, signal: AbortSignal) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const signal = signalOf(call)
      handle(call.request, signal).then(
        (response) => callback(null, response),
        (error: unknown) => callback(this.#refuse(error, call.getPath(), signal)),
      )
    }
  }

  /** Many messages for one, at the caller's pace. */
  stream<Request, Response>(
    handle: (request: Request, signal: AbortSignal) => AsyncIterable<Response>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) => {
      const signal = signalOf(call)
      sendAll(call, handle(call.request, signal), signal).then(
        () => call.end(),
        (error: unknown) => {
          const refusal = this.#refuse(error, call.getPath(), signal)
          if (!call.destroyed) call.emit('error', refusal)
        },
      )
    }
  }

  #refuse(error: unknown, method: string, signal: AbortSignal): Refusal {
    const refusal = refusalOf(error)
    if (refusal !== undefined) return refusal
    if (!signal.aborted) this.#log.error({ err: error, method }, 'call failed')
    return unknownRefusal
  }
}

/** A caller that left, a connection that broke, and a deadline that passed are all one: nobody waits any more. */
function signalOf(call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>): AbortSignal {
  const gone = new AbortController()
  call.once('cancelled', () => gone.abort(new Error('the caller is gone')))
  if (call.cancelled) gone.abort(new Error('the caller is gone'))
  return gone.signal
}

async function sendAll<Response>(
  call: ServerWritableStream<unknown, Response>,
  messages: AsyncIterable<Response>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      // One at a time: what waits here is not in the stream's own queue, which counts messages and not bytes.
      call.write(message, (error: ServiceError | Error | null | undefined) => {
        signal.removeEventListener('abort', onAbort)
        if (error) reject(error)
        else resolve()
      })
    })
    signal.throwIfAborted()
  }
}
