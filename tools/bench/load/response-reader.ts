export interface Response {
  readonly status: number
  /** Status line and headers, as they came. */
  readonly head: string
  readonly bodyBytes: number
}

const endOfHead = Buffer.from('\r\n\r\n')

/** Reads one HTTP/1.1 response after another, as far as a load needs: it counts bodies and keeps none of them. */
export class ResponseReader {
  #partialHead = Buffer.alloc(0)
  #current: { readonly head: string; readonly status: number; body: Body; bodyBytes: number } | undefined

  /**
   * Takes what came next.
   *
   * @param bodiless whether the request was a HEAD
   * @returns the response, once it is whole
   */
  read(data: Buffer, bodiless: boolean): Response | undefined {
    let rest = data
    if (this.#current === undefined) {
      const all = this.#partialHead.byteLength === 0 ? data : Buffer.concat([this.#partialHead, data])
      const end = all.indexOf(endOfHead)
      if (end < 0) {
        this.#partialHead = Buffer.from(all) // the caller uses its buffer again
        return undefined
      }
      this.#partialHead = Buffer.alloc(0)
      const head = all.toString('latin1', 0, end + 2)
      const status = Number(head.slice(9, 12))
      this.#current = { head, status, body: bodyOf(head, bodiless || status === 204), bodyBytes: 0 }
      rest = all.subarray(end + endOfHead.byteLength)
    }
    const current = this.#current
    current.bodyBytes += current.body.take(rest)
    if (!current.body.ended) return undefined
    this.#current = undefined
    return current
  }
}

export function headerOf(response: Response, name: string): string | undefined {
  return new RegExp(`\r\n${name}: *([^\r\n]*)`, 'i').exec(response.head)?.[1]
}

interface Body {
  readonly ended: boolean
  /** Returns how many of the bytes are content. */
  take(data: Buffer): number
}

function bodyOf(head: string, bodiless: boolean): Body {
  if (bodiless) return new SizedBody(0)
  const size = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (size !== undefined) return new SizedBody(Number(size))
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return new ChunkedBody()
  throw new Error(`a response that does not say where it ends:\n${head}`)
}

class SizedBody implements Body {
  #remaining: number

  constructor(size: number) {
    this.#remaining = size
  }

  get ended(): boolean {
    return this.#remaining === 0
  }

  take(data: Buffer): number {
    if (data.byteLength > this.#remaining) throw new Error('more came than the response had announced')
    this.#remaining -= data.byteLength
    return data.byteLength
  }
}

const lineFeed = 0x0a

class ChunkedBody implements Body {
  ended = false
  #line = ''
  /** Of the chunk that is being read, with its end of line. */
  #remaining = 0
  #last = false

  take(data: Buffer): number {
    let content = 0
    let at = 0
    while (at < data.byteLength) {
      if (this.#remaining > 0) {
        const step = Math.min(this.#remaining, data.byteLength - at)
        content += Math.max(0, Math.min(step, this.#remaining - 2))
        this.#remaining -= step
        at += step
        continue
      }
      const end = data.indexOf(lineFeed, at)
      this.#line += data.toString('latin1', at, end < 0 ? data.byteLength : end + 1)
      if (end < 0) return content
      at = end + 1
      this.#endLine()
    }
    return content
  }

  #endLine(): void {
    const line = this.#line.trim()
    this.#line = ''
    if (this.#last) {
      this.ended = line === ''
      return
    }
    const size = Number.parseInt(line, 16)
    if (Number.isNaN(size)) throw new Error(`not the size of a chunk: ${line}`)
    this.#last = size === 0
    this.#remaining = size === 0 ? 0 : size + 2
  }
}
