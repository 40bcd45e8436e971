import { type AnswerHead, type AnswerTarget, type BodySink, bodyOf, type ServerConnection } from '@berth/http-client'
import { checksumOf } from '../gathering/piece.ts'

const nothing = Buffer.alloc(0)

/** What is done with a connection that is not needed any more, once. */
export type Release = (connection: ServerConnection) => void

/** A store's answer about an object. It holds a connection until its body is taken, or it is given up. */
export class ObjectAnswer {
  readonly status: number
  readonly contentLength: number | undefined
  readonly #head: AnswerHead
  readonly #method: string
  readonly #connection: ServerConnection
  readonly #release: Release
  #isOver = false

  constructor(head: AnswerHead, method: string, connection: ServerConnection, release: Release) {
    this.status = head.status
    this.contentLength = head.contentLength
    this.#head = head
    this.#method = method
    this.#connection = connection
    this.#release = release
  }

  /** @param name in lower case */
  header(name: string): string | undefined {
    const { headers } = this.#head
    for (let at = 0; at < headers.length; at += 2) if (headers[at]?.toLowerCase() === name) return headers[at + 1]
    return undefined
  }

  /**
   * Hands the body on, at the pace of whoever takes it.
   *
   * @throws ServerFailure it ends too early; the reason for which the request was given up
   */
  async pass(target: AnswerTarget): Promise<void> {
    try {
      const body = bodyOf(this.#head, this.#method)
      if (body !== undefined) await this.#connection.passBody(body, target)
    } catch (error) {
      this.abandon(error as Error)
      throw error
    }
    this.#end()
  }

  /** The body, whole. @throws Error it is longer than `limit` */
  async collect(limit: number): Promise<Buffer> {
    const collector = new Collector()
    await this.pass({ sink: collector, onWrite: (bytes) => collector.expect(bytes, limit) })
    return collector.content
  }

  /** Does without the body. */
  abandon(reason: Error): void {
    if (this.#isOver) return
    this.#connection.abandon(reason)
    this.#end()
  }

  #end(): void {
    this.#isOver = true
    this.#release(this.#connection)
  }
}

/**
 * The body, whole, compared with the checksum that the store has of it, as far as it was asked for that.
 *
 * @throws Error it is another, or longer than `limit`
 */
export async function collectChecked(answer: ObjectAnswer, limit: number): Promise<Buffer> {
  const content = await answer.collect(limit)
  const sum = answer.header('x-amz-checksum-crc32')
  // That of an object in parts is one of its parts' checksums, and that of a range is one of the whole.
  const isOfThis = sum?.includes('-') === false && answer.header('content-range') === undefined
  if (isOfThis && sum !== checksumOf({ chunks: [content], size: content.byteLength }))
    throw new Error('the content is not what its checksum says')
  return content
}

/** Keeps what it is given, which is somebody else's. */
class Collector implements BodySink {
  readonly writableLength = 0
  #chunks: Buffer[] = []
  #size = 0

  get content(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] ?? nothing) : Buffer.concat(this.#chunks)
  }

  /** @throws Error more would come than may */
  expect(bytes: number, limit: number): void {
    this.#size += bytes
    if (this.#size > limit) throw new Error(`the content is longer than ${limit} bytes`)
  }

  write(content: Buffer, done: () => void): void {
    this.#chunks.push(Buffer.from(content))
    done()
  }

  cork(): void {}

  uncork(): void {}
}
