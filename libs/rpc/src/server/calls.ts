import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import type { Requester } from '@berth/access'
import type { Logger } from '@berth/errors'
import type { Span, Tracer } from '@berth/process'
import { requesterOf } from '../wire/requester-metadata.ts'
import { type Refusal, refusalOf, unknownRefusal } from '../wire/errors.ts'
import { failureOf, rpcAttributes, rpcName } from '../wire/rpc-spans.ts'

/** Makes handlers of gRPC's from functions of ours. The signal of a call is aborted when its caller is gone. */
export class Calls {
  readonly #log: Logger
  readonly #tracer: Tracer | undefined
  readonly #requester: Requester | undefined

  constructor(log: Logger, tracer: Tracer | undefined, requester: Requester | undefined) {
    this.#log = log
    this.#tracer = tracer
    this.#requester = requester
  }

  /** One message for one. */
  unary<Request, Response>(
    handle: (request: Request, signal: AbortSignal) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const signal = signalOf(call)
      this.#observed(call, (span) =>
        handle(call.request, signal).then(
          (response) => {
            endSpan(span, status.OK)
            callback(null, response)
          },
          (error: unknown) => {
            const refusal = this.#refuse(error, call.getPath(), signal)
            endSpan(span, refusal.code)
            callback(refusal)
          },
        ),
      )
    }
  }

  /** Many messages for one, at the caller's pace. */
  stream<Request, Response>(
    handle: (request: Request, signal: AbortSignal) => AsyncIterable<Response>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) => {
      const signal = signalOf(call)
      this.#observed(call, (span) =>
        sendAll(call, handle(call.request, signal), signal).then(
          () => {
            endSpan(span, status.OK)
            call.end()
          },
          (error: unknown) => {
            const refusal = this.#refuse(error, call.getPath(), signal)
            endSpan(span, signal.aborted ? status.CANCELLED : refusal.code)
            if (!call.destroyed) call.emit('error', refusal)
          },
        ),
      )
    }
  }

  /** Does `work` for whom the caller says that it is. */
  #observed(call: Called, work: (span?: Span) => Promise<void>): void {
    const requester = this.#requester
    const identity = requester && requesterOf(call.metadata)
    if (requester === undefined || identity === undefined) this.#traced(call, work)
    else requester.for(identity, () => this.#traced(call, work))
  }

  /** Does `work` in the course of a span of its own, where there is a tracer. */
  #traced(call: Called, work: (span?: Span) => Promise<void>): void {
    const tracer = this.#tracer
    if (tracer === undefined) return void work()
    const path = call.getPath()
    const sent = (key: string): string | undefined => call.metadata.get(key)[0]?.toString()
    const caller = { traceparent: sent('traceparent'), tracestate: sent('tracestate') }
    const span = tracer.serve(rpcName(path), caller, rpcAttributes(path))
    void tracer.within(span, () => work(span))
  }

  #refuse(error: unknown, method: string, signal: AbortSignal): Refusal {
    const refusal = refusalOf(error)
    if (refusal !== undefined) return refusal
    const user = this.#requester?.current?.name
    if (!signal.aborted) this.#log.error({ err: error, method, user }, 'call failed')
    return unknownRefusal
  }
}

type Called = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>

function endSpan(span: Span | undefined, code: status): void {
  span?.end({ 'rpc.grpc.status_code': code }, failureOf(code))
}

/** A caller that left, a connection that broke, and a deadline that passed are all one: nobody waits any more. */
function signalOf(call: Called): AbortSignal {
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
