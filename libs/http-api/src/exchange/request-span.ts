import type { Request } from 'express'
import type { Span, Tracer } from '@berth/process'
import type { MountedRoute } from '../mounted-route.ts'
import { pathOf } from '../urls/request-path.ts'
import type { RequestExchange } from './request-exchange.ts'

/** Begins the span of a request: in its client's trace, where the request names one. @param client its address */
export function beginSpan(tracer: Tracer, route: MountedRoute | undefined, request: Request, client: string): Span {
  const { method, headers } = request
  const { traceparent, tracestate } = headers
  return tracer.serve(
    route === undefined ? method : `${method} ${route.name}`,
    {
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      tracestate: typeof tracestate === 'string' ? tracestate : undefined,
    },
    {
      'http.request.method': method,
      'http.route': route?.template,
      'url.path': pathOf(request.url),
      'url.scheme': request.protocol,
      'client.address': client || undefined,
      'network.protocol.version': request.httpVersion,
      'user_agent.original': headers['user-agent'],
    },
  )
}

/** Ends the span of a request with what came of it. */
export function endSpan(exchange: RequestExchange, isGone: boolean): void {
  const { span, response, name, parameter, route, received, sent, id, fault } = exchange
  if (span === undefined) return
  const status = response.statusCode
  span.end(
    {
      ...(!isGone && { 'http.response.status_code': status }),
      'http.request.body.size': received,
      'http.response.body.size': sent,
      'registry.request_id': id,
      ...(name !== '' && { 'registry.repository': name }),
      ...(parameter !== '' && { [`registry.${parameterName(route, parameter)}`]: parameter }),
      ...(fault !== undefined && { 'registry.error.code': fault.code }),
    },
    isGone ? 'client_gone' : status >= 500 ? String(status) : undefined,
  )
}

/** What a path's last variable is, by the route that has it. */
export function parameterName(route: string | undefined, parameter: string): 'upload' | 'digest' | 'reference' {
  if (route === 'blob_upload_chunk') return 'upload'
  return parameter.includes(':') ? 'digest' : 'reference'
}
