import { InterceptingCall, type Interceptor, type Metadata } from '@grpc/grpc-js'
import type { TraceContext, Tracer } from '@berth/process'
import { failureOf, rpcAttributes, rpcName } from '../wire/rpc-spans.ts'

/** Makes a span of each call that is made in the course of another, and tells the service of it. */
export function traceCalls(tracer: Tracer, address: string): Interceptor {
  return (options, nextCall) => {
    const { path } = options.method_definition
    const span = tracer.active?.ask(rpcName(path), { ...rpcAttributes(path), 'server.address': address })
    const call = nextCall(options)
    if (span === undefined) return new InterceptingCall(call)
    return new InterceptingCall(call, {
      start: (metadata, _listener, next) =>
        next(withContext(metadata, span.context), {
          onReceiveStatus: (status, nextStatus) => {
            span.end({ 'rpc.grpc.status_code': status.code }, failureOf(status.code))
            nextStatus(status)
          },
        }),
    })
  }
}

/** A copy: the calls of a client share what they have in common. */
function withContext(metadata: Metadata, { traceparent, tracestate }: TraceContext): Metadata {
  const copy = metadata.clone()
  if (traceparent !== undefined) copy.set('traceparent', traceparent)
  if (tracestate !== undefined) copy.set('tracestate', tracestate)
  return copy
}
