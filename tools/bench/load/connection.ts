import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { ResponseReader, type Response } from './response-reader.ts'

const receiveBufferBytes = 512 * 1024

/**
 * One keep-alive HTTP/1.1 connection, one request at a time. It does little else than write what it is given and count
 * what comes back, so that on a small machine the load takes as little CPU from the server as Node allows.
 */
export class Connection {
  readonly #socket: Socket
  readonly #reader = new ResponseReader()
  #waiting: { readonly bodiless: boolean; readonly exchange: PromiseWithResolvers<Response> } | undefined

  constructor(port: number) {
    const buffer = Buffer.allocUnsafeSlow(receiveBufferBytes)
    const callback = (size: number): boolean => {
      this.#receive(buffer.subarray(0, size))
      return true
    }
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Connection> {
    const connection = new Connection(port)
    await once(connection.#socket, 'connect')
    return connection
  }

  /** Sends a request, whole or its head alone, and waits for the response. */
  exchange(request: Buffer, bodiless = false): Promise<Response> {
    const response = this.#expect(bodiless)
    this.#socket.write(request)
    return response
  }

  /** As `exchange`, with the body in blocks; waits for the socket between them, so that they need not be in memory. */
  async exchangeBlocks(head: Buffer, blocks: Iterable<Buffer>): Promise<Response> {
    const response = this.#expect(false)
    this.#socket.write(head)
    const sent = (async () => {
      for (const block of blocks) {
        if (this.#waiting === undefined) return // answered before it was sent: a refusal
        if (!this.#socket.write(block)) await this.#drained(response)
      }
    })()
    const [answer] = await Promise.all([response, sent])
    return answer
  }

  async #drained(response: Promise<Response>): Promise<void> {
    const waiting = new AbortController()
    await Promise.race([once(this.#socket, 'drain', { signal: waiting.signal }), response])
    waiting.abort()
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }

  #expect(bodiless: boolean): Promise<Response> {
    if (this.#waiting !== undefined) throw new Error('one request at a time')
    const exchange = Promise.withResolvers<Response>()
    this.#waiting = { bodiless, exchange }
    return exchange.promise
  }

  #receive(data: Buffer): void {
    if (this.#waiting === undefined) return this.#fail(new Error('the server sent what nobody had asked for'))
    const { bodiless, exchange } = this.#waiting
    try {
      const response = this.#reader.read(data, bodiless)
      if (response === undefined) return
      this.#waiting = undefined
      exchange.resolve(response)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#waiting?.exchange.reject(error)
    this.#waiting = undefined
    this.#socket.destroy()
  }
}
