import type { ServerResponse } from 'node:http'
import type { Exchange } from './exchange.ts'

/** Answers with a body that is at hand; its length is added to the headers. To HEAD, the head is the same. */
export function respond(
  { request, response }: Exchange,
  status: number,
  headers: string[],
  body: Uint8Array | string = '',
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  headers.push('Content-Length', String(length))
  response.writeHead(status, headers)
  if (length === 0 || request.method === 'HEAD') response.end()
  else response.end(body)
}

export function respondJson(exchange: Exchange, status: number, json: string, headers: string[] = []): void {
  headers.push('Content-Type', 'application/json')
  respond(exchange, status, headers, json)
}

/** Adds headers to whatever answer will be given. */
export function setHeaders(response: ServerResponse, headers: readonly string[]): void {
  for (let at = 0; at < headers.length; at += 2) response.setHeader(headers[at] as string, headers[at + 1] as string)
}
