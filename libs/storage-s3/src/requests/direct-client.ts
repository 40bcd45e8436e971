import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { ByteRange, ByteStream } from '@berth/bytes'
import { type Patience, type ServerConnection, ServerFailure } from '@berth/http-client'
import { version } from '@berth/process'
import { answerError } from './answer-error.ts'
import { ObjectAnswer } from './object-answer.ts'
import { quietLimitMs, type S3Settings } from '../s3-settings.ts'
import { escapeKey, RequestSigner } from './sign-request.ts'
import { mostRequests } from './store.ts'
import { StoreConnections } from './store-connections.ts'

export type ObjectRequest = ObjectRead | SmallPut | ArrivingPut

interface ObjectRead {
  readonly method: 'GET' | 'HEAD'
  readonly key: string
  readonly range?: ByteRange | undefined
  /** The object must have this tag. */
  readonly tag?: string | undefined
  /** Where the object has this tag, the answer is 304, without it. */
  readonly knownTag?: string | undefined
}

/** Content that is sent at once with what is said of it. */
interface SmallPut {
  readonly method: 'PUT'
  readonly key: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly content: readonly Uint8Array[]
  /** Called before it is sent again, over another connection: the store may have done it. */
  readonly onAgain?: (() => void) | undefined
}

/** Content that is sent as it comes, and not signed. */
interface ArrivingPut extends Omit<SmallPut, 'content'> {
  /** Bytes. */
  readonly size: number
  /** Waits for what has not come yet. It is kept by whoever asks, and sent once. */
  readonly arriving: ByteStream
}

/** A request as it is sent. */
interface Message {
  readonly method: string
  readonly head: string
  readonly content: readonly Uint8Array[]
  readonly arriving: ByteStream | undefined
  /** Whether an answer that tells that nothing has changed is one. */
  readonly isConditional: boolean
}

/** Where the objects of a bucket are. */
interface Place {
  readonly host: string
  /** What the path of each begins with. */
  readonly prefix: string
  readonly signer: RequestSigner
  /** Those of clients that read slowly may all be in use. */
  readonly reading: StoreConnections
  /** As many as `Store` lets write at once, so that there is always one. */
  readonly writing: StoreConnections
}

/**
 * Asks for objects, and puts small ones and those that still arrive, without the SDK, whose way to a request and through a
 * body costs several times what all else does.
 * The SDK says where the bucket is, and who asks.
 */
export class DirectClient {
  readonly #client: S3Client
  readonly #settings: S3Settings
  readonly #patience: Patience
  #place: Promise<Place> | undefined
  /** By how much the store's clock is ahead of this one. */
  #aheadMs = 0
  #close: () => void = () => {}

  /** @param client says where the bucket is, and whose credentials are used; it is not closed */
  constructor(client: S3Client, settings: S3Settings) {
    this.#client = client
    this.#settings = settings
    const quietMs = quietLimitMs(settings.timeoutMs)
    this.#patience = { stallTimeoutMs: quietMs, answerTimeoutMs: quietMs }
  }

  /**
   * One attempt.
   *
   * @returns an answer that was given for the object; its body is to be taken, or to be given up
   * @throws Error what the store said instead, with `$metadata` as the SDK's errors have it
   * @throws ServerFailure it did not answer
   * @throws NoRoomError it was not asked
   * @throws the signal's reason
   */
  async ask(request: ObjectRequest, signal?: AbortSignal): Promise<ObjectAnswer> {
    const place = await this.#located()
    const message = await this.#messageOf(request, place)
    const connections = request.method === 'PUT' ? place.writing : place.reading
    try {
      return await this.#askOn(await connections.take(signal), connections, message, signal)
    } catch (error) {
      if (!(error instanceof ServerFailure && error.isStale) || message.arriving !== undefined) throw error
    }
    if (request.method === 'PUT') request.onAgain?.()
    return this.#askOn(await connections.takeNew(signal), connections, message, signal)
  }

  close(): void {
    this.#close()
  }

  async #askOn(
    connection: ServerConnection,
    connections: StoreConnections,
    { method, head, content, arriving, isConditional }: Message,
    signal: AbortSignal | undefined,
  ): Promise<ObjectAnswer> {
    const onAbort = (): void => connection.abandon(signal?.reason as Error)
    const release = (): void => {
      signal?.removeEventListener('abort', onAbort)
      connections.give(connection)
    }
    signal?.addEventListener('abort', onAbort)
    let answer: ObjectAnswer
    try {
      signal?.throwIfAborted()
      connection.begin(head, this.#patience, content)
      if (arriving === undefined) connection.sent()
      else void sendArriving(connection, arriving)
      let answered = await connection.nextHead()
      // Some say that they wait for content that was sent with the head. @see RFC 9110, section 15.2
      while (answered.status === 100) answered = await connection.nextHead()
      answer = new ObjectAnswer(answered, method, connection, release)
    } catch (error) {
      connection.destroy()
      release()
      throw error
    }
    const isKnown = answer.status === 304 && isConditional
    if (isKnown || (answer.status >= 200 && answer.status < 300)) return answer
    const error = await answerError(answer)
    if (error.name === 'RequestTimeTooSkewed') this.#aheadMs = aheadMs(answer)
    throw error
  }

  async #messageOf(request: ObjectRequest, { host, prefix, signer }: Place): Promise<Message> {
    const { method } = request
    const path = prefix + escapeKey(request.key)
    const isPut = request.method === 'PUT'
    const asked = isPut ? putHeaders(request) : readHeaders(request, this.#settings)
    const arriving = isPut && 'arriving' in request ? request.arriving : undefined
    const content = isPut && 'content' in request ? request.content : []
    const credentials = await this.#client.config.credentials()
    const at = new Date(Date.now() + this.#aheadMs)
    const signed = arriving === undefined ? content : 'unsigned'
    const headers = signer.sign({ method, path, headers: { host, ...asked }, content: signed }, credentials, at)
    let head = `${method} ${path} HTTP/1.1\r\n`
    for (const name of Object.keys(headers)) head += `${name}: ${headers[name]}\r\n`
    head += `user-agent: ${this.#settings.userAgent ?? `berth/${version}`}\r\n\r\n`
    return { method, head, content, arriving, isConditional: !isPut && request.knownTag !== undefined }
  }

  #located(): Promise<Place> {
    if (this.#place === undefined) {
      const place = this.#locate()
      this.#place = place
      // Credentials may be there another time.
      place.catch(() => (this.#place = undefined))
    }
    return this.#place
  }

  /** A signed URL has all that depends on endpoints, regions and the form of paths. */
  async #locate(): Promise<Place> {
    const key = 'key'
    const signed = await getSignedUrl(this.#client, new GetObjectCommand({ Bucket: this.#settings.bucket, Key: key }))
    const { protocol, hostname, port, host, pathname, searchParams } = new URL(signed)
    const [region = '', service = ''] = (searchParams.get('X-Amz-Credential') ?? '').split('/').slice(-3)
    const isSecure = protocol === 'https:'
    const end = {
      address: { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (isSecure ? 443 : 80) : Number(port) },
      ...(isSecure && { tls: { rejectUnauthorized: !this.#settings.skipVerify } }),
    }
    const waitMs = this.#settings.timeoutMs
    const reading = new StoreConnections({ end, waitMs })
    const writing = new StoreConnections({ end, waitMs, maxConnections: mostRequests.others })
    this.#close = () => [reading, writing].forEach((connections) => connections.close())
    const prefix = pathname.slice(0, -key.length)
    return { host, prefix, signer: new RequestSigner({ region, service }), reading, writing }
  }
}

function readHeaders({ method, range, tag, knownTag }: ObjectRead, { checksums }: S3Settings): Record<string, string> {
  return {
    ...(range && { range: `bytes=${range.start}-${range.end - 1}` }),
    ...(tag !== undefined && { 'if-match': tag }),
    ...(knownTag !== undefined && { 'if-none-match': knownTag }),
    ...(checksums && method === 'GET' && { 'x-amz-checksum-mode': 'ENABLED' }),
  }
}

function putHeaders(request: SmallPut | ArrivingPut): Record<string, string> {
  const size = 'size' in request ? request.size : request.content.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return { ...request.headers, 'content-length': String(size) }
}

/** Sends what comes, as long as the store listens: it may have answered already. */
async function sendArriving(connection: ServerConnection, content: ByteStream): Promise<void> {
  for await (const chunk of content) {
    if (!connection.isUsable) return
    // The store need not be waited for, as all of it is kept.
    void connection.send([chunk])
  }
  if (connection.isUsable) connection.sent()
}

function aheadMs(answer: ObjectAnswer): number {
  const storesMs = Date.parse(answer.header('date') ?? '')
  return Number.isNaN(storesMs) ? 0 : storesMs - Date.now()
}
