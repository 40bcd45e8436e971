import type { ServerResponse } from 'node:http'
import { RegistryError } from '@berth/errors'
import type { Exchange } from './exchange.ts'
import { smallAnswer } from './held-answers.ts'

/**
 * Answers with a body that is at hand; its length is added to the headers. To HEAD, the head is the same.
 *
 * @throws RegistryError UNAVAILABLE: answers that this client has not taken yet hold too much memory
 */
export function respond(exchange: Exchange, status: number, headers: string[], body: Uint8Array | string = ''): void {
  const { request, response } = exchange
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  if (length > smallAnswer && request.method !== 'HEAD' && !exchange.tryHoldAnswer(body))
    throw new RegistryError('UNAVAILABLE', { reason: 'too many answers wait for this client to read them' })
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
