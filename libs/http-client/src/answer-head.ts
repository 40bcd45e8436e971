import { ServerFailure } from './server-failure.ts'

/** The head of a server's answer. */
export interface AnswerHead {
  readonly status: number
  /** Names and values in turn, as they were received. */
  readonly headers: readonly string[]
  readonly contentLength: number | undefined
  readonly isChunked: boolean
  /** Whether the connection ends with this answer. */
  readonly closes: boolean
}

const statusLine = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const field = /^([!#$%&'*+\-.^_`|~\w]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/

/**
 * Reads the head of an answer more strictly than a client would: whatever two parsers could read in two ways is refused.
 *
 * @param text all before the empty line, a character for each byte
 * @throws ServerFailure it is no head of HTTP/1.1, or leaves open where its message ends
 * @see RFC 9112, sections 4 to 6
 */
export function parseAnswerHead(text: string): AnswerHead {
  const [first, ...lines] = text.split('\r\n') as [string, ...string[]]
  const status = statusLine.exec(first)?.[1]
  if (status === undefined) throw new ServerFailure('an answer does not begin with a status of HTTP/1.1')
  const headers: string[] = []
  let contentLength: number | undefined
  let isChunked = false
  let closes = false
  for (const line of lines) {
    const match = field.exec(line)
    if (match === null) throw new ServerFailure('an answer has a malformed header')
    const [, name, spaced] = match as unknown as [string, string, string]
    const value = spaced.trimEnd()
    headers.push(name, value)
    switch (name.toLowerCase()) {
      case 'content-length':
        if (contentLength !== undefined || !/^\d{1,15}$/.test(value))
          throw new ServerFailure('an answer has no usable Content-Length')
        contentLength = Number(value)
        break
      case 'transfer-encoding':
        if (isChunked || value.toLowerCase() !== 'chunked')
          throw new ServerFailure('an answer is encoded in an unknown way')
        isChunked = true
        break
      case 'connection':
        closes ||= /(?:^|,)\s*close\s*(?:,|$)/i.test(value)
        break
    }
  }
  if (isChunked && contentLength !== undefined)
    throw new ServerFailure('an answer has both a Content-Length and a Transfer-Encoding')
  return { status: Number(status), headers, contentLength, isChunked, closes }
}
