import { STATUS_CODES } from 'node:http'
import { RegistryError } from '@berth/errors'
import { renderFaults, type Refusal } from '../errors.ts'
import type { RefusalReason } from '../observers.ts'

export interface Unreadable {
  readonly reason: RefusalReason
  /** The whole answer, as it goes over the wire. */
  readonly answer: string
}

/** What a client is told whose request cannot be read, by the parser's error. */
export function unreadable({ code }: NodeJS.ErrnoException, headMaxSize: number): Unreadable {
  if (code === 'HPE_HEADER_OVERFLOW')
    return { reason: 'head too large', answer: written(renderFaults([headTooLarge(headMaxSize)])) }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { reason: 'head too slow', answer: written(nothing(408)) }
  return { reason: 'malformed', answer: written(nothing(code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW' ? 413 : 400)) }
}

function headTooLarge(limit: number): RegistryError {
  return new RegistryError('SIZE_INVALID', { limit, of: 'head' })
}

function nothing(status: number): Refusal {
  return { status, headers: [], body: '' }
}

function written({ status, headers, body }: Refusal): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close']
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
  return `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
