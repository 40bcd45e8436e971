import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { type HttpApiOptions, HttpApiServer } from './http-api-server.ts'
import type { RequestLogger } from './observers.ts'
import type { HttpApiSettings } from './settings.ts'
import { testSettings } from './test-settings.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Record<string, unknown>
}

/** The options of a served API. Settings that are not given are those of a configuration that says nothing. */
export type TestOptions = Partial<Omit<HttpApiOptions, 'settings'>> & { readonly settings?: Partial<HttpApiSettings> }

/** For tests: a served API on a free port, what it logs, and clients that send exactly what they are told. */
export class TestApi {
  readonly server: HttpApiServer
  readonly port: number
  readonly lines: readonly LogLine[]

  private constructor(server: HttpApiServer, port: number, lines: readonly LogLine[]) {
    this.server = server
    this.port = port
    this.lines = lines
  }

  static async open(options: TestOptions = {}): Promise<TestApi> {
    const lines: LogLine[] = []
    // What is asked on a connection while closing is for those tests that say so: the others are done by then.
    const settings = { ...testSettings, lingerTimeoutMs: 1, ...options.settings }
    const server = new HttpApiServer({ services: {}, log: keepingLog(lines), ...options, settings })
    const { port } = (await server.listen({ port: 0, host: '127.0.0.1' })) as AddressInfo
    return new TestApi(server, port, lines)
  }

  /** Sends a request on a connection of its own. */
  async send(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string | string[]>; body?: string | Uint8Array } = {},
  ): Promise<Answer> {
    const hasLength = body !== undefined && headers['Transfer-Encoding'] === undefined
    const length = hasLength ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}
    const { port } = this
    const all = { ...length, ...headers, Connection: 'close' }
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers: all, agent: false })
    outgoing.end(body)
    const answered = once(outgoing, 'response')
    // A server that has answered need not take the rest of a body.
    outgoing.on('error', () => undefined)
    const [response] = (await answered) as [IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk as string
    return { status: response.statusCode ?? 0, headers: response.headers, text }
  }

  /**
   * Opens a connection, for what no well-behaved client sends.
   *
   * @param allowHalfOpen whether it may go on sending when the server says that it will send no more
   * @param localAddress the loopback address that it comes from
   */
  async connect({ allowHalfOpen = false, localAddress = '127.0.0.1' } = {}): Promise<RawConnection> {
    const socket = connect({ host: '127.0.0.1', port: this.port, noDelay: true, allowHalfOpen, localAddress })
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  close(): Promise<void> {
    return this.server.close(1000)
  }
}

/** Bytes to and from a server, as they are. */
export class RawConnection {
  readonly socket: Socket
  readonly #closed: Promise<unknown>
  #received = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => (this.#received += chunk.toString('latin1')))
    // A reset is seen in what was received.
    socket.on('error', () => undefined)
    this.#closed = new Promise((closed) => socket.once('close', closed))
  }

  /** All that was received so far. */
  get received(): string {
    return this.#received
  }

  write(text: string | Uint8Array): this {
    this.socket.write(text)
    return this
  }

  /** Waits until `text` was received. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.socket.closed) throw new Error(`closed after ${JSON.stringify(this.#received)}`)
      await Promise.race([once(this.socket, 'data'), this.#closed])
    }
    return this.#received
  }

  /** Waits until the connection is closed. @returns all that was received */
  async ended(): Promise<string> {
    await this.#closed
    return this.#received
  }

  destroy(): void {
    this.socket.destroy()
  }
}

function keepingLog(lines: LogLine[]): RequestLogger {
  const keep = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields: fields as Record<string, unknown> })
  }
  return {
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    isLevelEnabled: () => true,
  }
}
