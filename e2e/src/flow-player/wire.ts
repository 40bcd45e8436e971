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
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(host: string, always: Readonly<Record<string, string>>) {
    this.origin = `http://${host}`
    this.#always = always
  }

  async send(method: string, target: string | URL, sending: Sending = {}): Promise<Answer> {
    const { outgoing, url } = this.open(method, target, sending)
    const answered = answerOf(outgoing, url)
    for (const piece of sending.pieces ?? []) if (!outgoing.write(piece)) await drained(outgoing)
    outgoing.end(sending.body)
    return answered
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
