import { status } from '@grpc/grpc-js'
import type { SpanAttributes } from '@berth/process'

/** Those that are somebody's fault other than the caller's. @see OpenTelemetry, "Semantic conventions for gRPC" */
const failures: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
])

/** `/registry.v1.TagsService/List` as spans are named. */
export function rpcName(path: string): string {
  return path.slice(1)
}

export function rpcAttributes(path: string): SpanAttributes {
  const [, service, method] = path.split('/')
  return { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method }
}

/** The kind of failure that a call ended with, if it is one. */
export function failureOf(code: status): string | undefined {
  return failures.has(code) ? status[code] : undefined
}
