import { once } from 'node:events'
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** What becomes of a request on its way to the store, for tests. */
export type Fate =
  | 'pass'
  /** The store never sees it, and an error is its answer. */
  | { readonly status: number; readonly code: string }
  /** The store never sees it, and this is the body of a good answer. */
  | { readonly answerTo: (body: string) => string }
  /** The store never sees it, and the connection is cut. */
  | 'cut'
  /** The store never sees it, and nothing happens. */
  | 'hang'
  /** The store sees so many bytes of its body at most, and the connection is cut. */
  | { readonly cutRequestAfter: number }
  /** It passes, later. */
  | { readonly delayMs: number }
  /** The store does it, and its answer is lost. */
  | 'lose answer'
  /** The answer is cut after so many bytes of its body. */
  | { readonly cutAfter: number }

/** What the store sees something of. */
type Passing = Exclude<
  Fate,
  'cut' | { readonly status: number } | { readonly answerTo: unknown } | { readonly delayMs: number }
>

/** A proxy in front of an S3 server that does to requests what networks do. */
export class FaultyProxy {
  /** Decides; `pass` for all where nothing is set. */
  fate: (method: string, url: string) => Fate = () => 'pass'
  /** Requests seen, `METHOD /path?query`. */
  readonly seen: string[] = []
  /** The headers of each. */
  readonly headers: IncomingMessage['headers'][] = []
  readonly #target: URL
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((incoming, outgoing) => this.#relay(incoming, outgoing))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async to(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #relay(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = '', url = '', headers } = incoming
    this.seen.push(`${method} ${url}`)
    this.headers.push(headers)
    const fate = this.fate(method, url)
    incoming.on('error', () => {})
    outgoing.on('error', () => {})
    if (fate === 'hang') {
      incoming.resume()
      return
    }
    if (fate === 'cut') {
      incoming.socket.destroy()
      return
    }
    if (typeof fate === 'object' && 'status' in fate) {
      incoming.resume()
      const body = `<?xml version="1.0"?><Error><Code>${fate.code}</Code><Message>so it goes</Message></Error>`
      outgoing.writeHead(fate.status, { 'Content-Type': 'application/xml', 'Content-Length': body.length }).end(body)
      return
    }
    if (typeof fate === 'object' && 'answerTo' in fate) {
      void incoming.toArray().then((chunks: Buffer[]) => outgoing.end(fate.answerTo(Buffer.concat(chunks).toString())))
      return
    }
    if (typeof fate === 'object' && 'delayMs' in fate) {
      void wait(fate.delayMs, undefined, { ref: false }).then(() => this.#pass('pass', incoming, outgoing))
      return
    }
    this.#pass(fate, incoming, outgoing)
  }

  #pass(fate: Passing, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url: path, headers } = incoming
    const { hostname: host, port } = this.#target
    const asked = request({ host, port, method, path, headers, agent: false }, (answer) => {
      if (fate === 'lose answer') {
        answer.resume().once('end', () => incoming.socket.destroy())
        return
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      if (typeof fate === 'object' && 'cutAfter' in fate) cutShort(answer, outgoing, fate.cutAfter)
      else answer.pipe(outgoing)
    })
    asked.on('error', () => outgoing.destroy())
    // Of what its sender gave up, the store is to see the end, too.
    outgoing.once('close', () => asked.destroy())
    if (typeof fate === 'object' && 'cutRequestAfter' in fate) cutRequest(incoming, asked, fate.cutRequestAfter)
    else incoming.pipe(asked)
  }
}

function cutRequest(incoming: IncomingMessage, asked: ClientRequest, bytes: number): void {
  let left = bytes
  const cut = (): void => {
    asked.destroy()
    incoming.socket.destroy()
  }
  asked.flushHeaders()
  incoming.on('data', (chunk: Buffer) => {
    if (left <= 0) return
    const some = chunk.subarray(0, left)
    left -= some.byteLength
    asked.write(some, () => {
      if (left <= 0) cut()
    })
  })
  incoming.on('end', cut)
}

function cutShort(answer: IncomingMessage, outgoing: ServerResponse, bytes: number): void {
  let left = bytes
  answer.on('data', (chunk: Buffer) => {
    if (left <= 0) return
    const some = chunk.subarray(0, left)
    left -= some.byteLength
    outgoing.write(some, () => {
      if (left <= 0) outgoing.destroy()
    })
  })
  answer.on('end', () => outgoing.destroy())
}
