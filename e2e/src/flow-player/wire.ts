import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

/** What a client sends beyond the method and the URL. Without a body PUT, POST and PATCH announce a length of 0. */
export interface Sending {
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Sent with its `Content-Length`. */
  readonly body?: Uint8Array
  /** Sent as they come, with `Transfer-Encoding: chunked` where the headers name no length. */
  readonly pieces?: Iterable<Uint8Array>
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Where it came from, to resolve a `Location` against. */
  readonly url: URL
}

/** A client's connection to a registry: sends what it is told, and nothing that is not there, over a real socket. */
export class Wire {
  readonly origin: string
  readonly #always: Readonly<Record<string, string>>
  // One connection, as most clients have for one blob: what an answer leaves unread would disturb the next one.
  readonly #agent: Agent

  /** @param localAddress the loopback address that the client connects from, where a test needs to tell clients apart */
  constructor(host: string, always: Readonly<Record<string, string>>, localAddress?: string) {
    this.origin = `http://${host}`
    this.#always = always
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ...(localAddress !== undefined && { localAddress }) })
  }

  async send(method: string, target: string | URL, sending: Sending = {}): Promise<Answer> {
    const { outgoing, url } = this.open(method, target, sending)
    const answered = answerOf(outgoing, url)
    for (const piece of sending.pieces ?? []) if (!outgoing.write(piece)) await drained(outgoing)
    outgoing.end(sending.body)
    return followed(await answered, sending)
  }

  /** Opens a request and leaves the rest, sending, dropping or reading, to the caller. */
  open(
    method: string,
    target: string | URL,
    { query, headers, body }: Sending = {},
  ): { outgoing: ClientRequest; url: URL } {
    const url = withQuery(new URL(target, this.origin), query)
    const length = body === undefined ? {} : { 'Content-Length': String(body.byteLength) }
    const outgoing = request(url, { method, agent: this.#agent, headers: { ...this.#always, ...length, ...headers } })
    // A registry may answer, and hang up, before it has all of a body: that is seen in the answer.
    outgoing.on('error', () => undefined)
    return { outgoing, url }
  }

  /** Asks for content, and leaves it to the caller to read. */
  async read(target: string | URL, sending: Sending = {}): Promise<IncomingMessage> {
    const { outgoing, url } = this.open('GET', target, sending)
    const [incoming] = (await once(outgoing.end(), 'response')) as [IncomingMessage]
    if (incoming.statusCode !== 307) return incoming
    incoming.resume()
    const [stored] = (await once(askStore(new URL(incoming.headers.location ?? '', url), sending), 'response')) as [
      IncomingMessage,
    ]
    return stored
  }

  close(): void {
    this.#agent.destroy()
  }
}

export async function answerOf(outgoing: ClientRequest, url: URL): Promise<Answer> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks), url }
}

/**
 * The answer of the store that a client is sent to for a blob, as clients see it: with what the registry said of the
 * blob, and without credentials for the store.
 */
export async function followed(answer: Answer, sending: Sending): Promise<Answer> {
  if (answer.status !== 307) return answer
  const url = locationOf(answer)
  const stored = await answerOf(askStore(url, sending), url)
  const { location: _, 'content-length': __, 'cache-control': ___, ...said } = answer.headers
  return { ...stored, headers: { ...stored.headers, ...said } }
}

function askStore(url: URL, { headers = {} }: Sending): ClientRequest {
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization')
  return request(url, { headers: Object.fromEntries(kept) as Record<string, string> }).end()
}

/** The `Location` of an answer, as clients read it: absolute, or relative to what they had asked for. */
export function locationOf(answer: Answer, query: Readonly<Record<string, string>> = {}): URL {
  return withQuery(new URL(answer.headers.location ?? '', answer.url), query)
}

function withQuery(url: URL, query: Readonly<Record<string, string>> = {}): URL {
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}

/** Waits until more can be sent, or never will be: why that is, the answer tells. */
async function drained(outgoing: ClientRequest): Promise<void> {
  const waiting = new AbortController()
  const events = ['drain', 'close'].map((event) => once(outgoing, event, { signal: waiting.signal }))
  await Promise.race(events).catch(() => undefined)
  waiting.abort()
}
