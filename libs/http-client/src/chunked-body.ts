import type { AnswerBody } from './answer-body.ts'
import { parseAnswerHead } from './answer-head.ts'
import { ServerFailure } from './server-failure.ts'

/** Characters that the lines between chunks may have, and all trailers together. */
const maxLine = 256
const maxTrailers = 16 * 1024

const size = /^([\da-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i

/** A body in chunks. @see RFC 9112, section 7.1 */
export class ChunkedBody implements AnswerBody {
  readonly expectedBytes = 0
  trailers: readonly string[] = []
  #isComplete = false
  #state: 'size' | 'data' | 'data end' | 'trailers' = 'size'
  #remaining = 0
  #line = ''
  #trailerLines: string[] = []
  #trailerLength = 0

  get isComplete(): boolean {
    return this.#isComplete
  }

  take(bytes: Buffer, write: (content: Buffer) => void): number {
    let at = 0
    while (at < bytes.byteLength && !this.#isComplete) {
      if (this.#state === 'data') {
        const end = Math.min(at + this.#remaining, bytes.byteLength)
        write(bytes.subarray(at, end))
        this.#remaining -= end - at
        at = end
        if (this.#remaining === 0) this.#state = 'data end'
      } else {
        const feed = bytes.indexOf(0x0a, at)
        const end = feed < 0 ? bytes.byteLength : feed + 1
        this.#line += bytes.toString('latin1', at, Math.min(end, at + maxTrailers + 1))
        at = end
        if (this.#line.length > (this.#state === 'trailers' ? maxTrailers : maxLine)) throw malformed()
        if (feed >= 0) this.#takeLine()
      }
    }
    return at
  }

  #takeLine(): void {
    if (!this.#line.endsWith('\r\n')) throw malformed()
    const line = this.#line.slice(0, -2)
    this.#line = ''
    switch (this.#state) {
      case 'size': {
        const digits = size.exec(line)?.[1]
        if (digits === undefined) throw malformed()
        this.#remaining = Number.parseInt(digits, 16)
        this.#state = this.#remaining === 0 ? 'trailers' : 'data'
        break
      }
      case 'data end':
        if (line !== '') throw malformed()
        this.#state = 'size'
        break
      case 'trailers':
        if (line === '') this.#end()
        else this.#keepTrailer(line)
        break
      case 'data':
        break
    }
  }

  #keepTrailer(line: string): void {
    this.#trailerLength += line.length
    if (this.#trailerLength > maxTrailers) throw malformed()
    this.#trailerLines.push(line)
  }

  #end(): void {
    if (this.#trailerLines.length > 0)
      this.trailers = parseAnswerHead(['HTTP/1.1 200', ...this.#trailerLines].join('\r\n')).headers
    this.#isComplete = true
  }
}

function malformed(): ServerFailure {
  return new ServerFailure('an answer has malformed chunks')
}
