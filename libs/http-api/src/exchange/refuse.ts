import type { Refusal } from '../errors.ts'
import type { RequestExchange } from './request-exchange.ts'
import { respond } from './respond.ts'

/** Bytes of a body that are better read than the connection lost. */
const smallBody = 64 * 1024

/**
 * Answers otherwise than was asked, perhaps while the client is still sending: it must see the answer, and must not be
 * read from for ever. Unless little is left, the connection is closed, in one direction first; always after 408, which says
 * that the rest of the request is not waited for.
 */
export function refuse(exchange: RequestExchange, { status, headers, body: text }: Refusal): void {
  // Node writes the head and a body that is text as one text in UTF-8. That would encode a realm beyond ASCII twice.
  const body = text !== '' && exchange.response.hasHeader('WWW-Authenticate') ? Buffer.from(text) : text
  if (status !== 408 && !isFlooding(exchange)) return respond(exchange, status, headers, body)

  const { request, response } = exchange
  response.writeHead(status, [...headers, 'Content-Length', String(Buffer.byteLength(body)), 'Connection', 'close'])
  if (body.length === 0 || request.method === 'HEAD') response.flushHeaders()
  else response.write(body)
  endOneWay(exchange)
}

/** Whether the client is still sending so much that its connection is better closed after an answer. */
export function isFlooding(exchange: RequestExchange): boolean {
  const { request, response, contentLength } = exchange
  const isShort = contentLength !== undefined && contentLength <= smallBody && request.headers.expect === undefined
  // A response without a socket has lost its connection.
  return exchange.hasUnreadBody && !isShort && response.socket !== null
}

/** Ends a connection after an answer that is written, but for what the client is still sending: that is dropped. */
export function endOneWay(exchange: RequestExchange): void {
  const { request } = exchange
  exchange.isAnswered = true
  // Not `response.end()`: Node would close both directions at once, and what still arrives would reset the connection.
  request.socket.end()
  exchange.dropBody(() => request.socket.destroy())
}
