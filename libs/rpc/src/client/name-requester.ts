import { InterceptingCall, type Interceptor } from '@grpc/grpc-js'
import type { Requester } from '@berth/access'
import { withRequester } from '../wire/requester-metadata.ts'

/** Tells the service for whom each call is made, where that is known. */
export function nameRequester(requester: Requester): Interceptor {
  return (options, nextCall) => {
    const identity = requester.current
    const call = nextCall(options)
    if (identity === undefined) return new InterceptingCall(call)
    return new InterceptingCall(call, {
      start: (metadata, listener, next) => next(withRequester(metadata, identity), listener),
    })
  }
}
