import { once } from 'node:events'
import { request } from 'node:http'
import { type Answer, answerOf, locationOf } from '../flow-player/wire.ts'
import type { GeneratedBlob } from './generated-blob.ts'

/** Where a client is with a chunk, before it sends the next MiB of it. */
export interface Progress {
  readonly chunk: number
  readonly piece: number
  /** `host:port` of who is being sent to. */
  readonly to: string
}

export interface ChunkedPushOptions {
  readonly blob: GeneratedBlob
  readonly repository: string
  readonly chunkBytes: number
  /** Who is to be asked next. */
  readonly next: () => Promise<string>
  readonly onPiece?: (progress: Progress) => Promise<void>
}

/**
 * A client that sends a blob in chunks, each to whoever is next. After 416, and after a connection that was lost, it
 * goes on where the registry says that the upload stands.
 */
export class ChunkedPush {
  /** Bytes of bodies that were handed to connections. */
  sentBytes = 0
  /** Chunks that were begun. */
  chunks = 0
  readonly #options: ChunkedPushOptions
  #location = ''
  #offset = 0

  constructor(options: ChunkedPushOptions) {
    this.#options = options
  }

  get location(): string {
    return this.#location
  }

  get offset(): number {
    return this.#offset
  }

  /** @throws Error the registry refuses anything that it should not */
  async push(digest: string): Promise<void> {
    await this.start()
    while (this.#offset < this.#options.blob.size) await this.pushChunk()
    await this.finish(digest)
  }

  async start(): Promise<void> {
    this.#follow(await this.#ask('POST', `/v2/${this.#options.repository}/blobs/uploads/`), 202)
  }

  /** Sends the next chunk, or finds out where to go on. */
  async pushChunk(): Promise<void> {
    const answer = await this.#sendChunk().catch((error: unknown) => {
      if (isDisconnection(error)) return undefined
      throw error
    })
    if (answer?.status === 416 || answer?.status === 202) this.#follow(answer, answer.status)
    else if (answer === undefined) this.#follow(await this.#ask('GET', this.#location), 204)
    else throw new Error(`a chunk is answered with ${answer.status}: ${answer.body.toString()}`)
  }

  async finish(digest: string): Promise<Answer> {
    const answer = await this.#ask('PUT', `${this.#location}&digest=${digest}`)
    if (answer.status !== 201) throw new Error(`the upload ends with ${answer.status}: ${answer.body.toString()}`)
    return answer
  }

  async #sendChunk(): Promise<Answer> {
    const { blob, chunkBytes, next, onPiece } = this.#options
    const start = this.#offset
    const end = Math.min(start + chunkBytes, blob.size)
    const chunk = this.chunks++
    const to = await next()
    const url = new URL(this.#location, `http://${to}`)
    const outgoing = request(url, {
      method: 'PATCH',
      agent: false,
      headers: { 'Content-Range': `${start}-${end - 1}`, 'Content-Length': end - start },
    })
    const answered = answerOf(outgoing, url)
    // It may come, or fail, at any time from now on; it is looked at below.
    answered.catch(() => undefined)
    let piece = 0
    for (const bytes of blob.pieces(start, end)) {
      await onPiece?.({ chunk, piece, to })
      if (outgoing.destroyed) break
      this.sentBytes += bytes.byteLength
      if (!outgoing.write(bytes)) await Promise.race([once(outgoing, 'drain'), answered])
      piece += 1
    }
    outgoing.end()
    return answered
  }

  async #ask(method: string, target: string): Promise<Answer> {
    const url = new URL(target, `http://${await this.#options.next()}`)
    const headers = method === 'GET' ? {} : { 'Content-Length': 0 }
    const outgoing = request(url, { method, agent: false, headers }).end()
    return answerOf(outgoing, url)
  }

  #follow(answer: Answer, status: number): void {
    if (answer.status !== status) throw new Error(`${answer.status} and not ${status}: ${answer.body.toString()}`)
    const { pathname, search } = locationOf(answer)
    this.#location = pathname + search
    const [, last] = /^0-(\d+)$/.exec(String(answer.headers.range ?? '0-0')) ?? []
    this.#offset = Number(last) === 0 ? 0 : Number(last) + 1
  }
}

function isDisconnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'ECONNREFUSED' || code === 'EPIPE'
}
