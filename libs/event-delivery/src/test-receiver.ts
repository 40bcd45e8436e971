import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RegistryEvent } from '@berth/events'

export interface Received {
  readonly method: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly events: readonly RegistryEvent[]
}

/** For tests: a webhook on loopback. */
export class Receiver {
  readonly url: URL
  readonly received: Received[] = []
  /** Answers a request. Default: 200. */
  answer: (response: ServerResponse, received: Received) => void = (response) => void response.end()
  readonly #close: () => Promise<void>
  #onReceived: (() => void)[] = []

  private constructor(port: number, close: () => Promise<void>) {
    this.url = new URL(`http://127.0.0.1:${port}/hook?x=1`)
    this.#close = close
  }

  static async start(): Promise<Receiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const { events } = JSON.parse(body) as { events: RegistryEvent[] }
        receiver.#take({ method: request.method, headers: request.headers, body, events }, response)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const receiver = new Receiver((server.address() as AddressInfo).port, async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
    return receiver
  }

  /** The ids of all events that came, in their order. */
  get ids(): readonly string[] {
    return this.received.flatMap(({ events }) => events.map(({ id }) => id))
  }

  /** Waits until so many requests came. */
  async has(requests: number): Promise<void> {
    while (this.received.length < requests) await new Promise<void>((resolve) => this.#onReceived.push(resolve))
  }

  close(): Promise<void> {
    return this.#close()
  }

  #take(received: Received, response: ServerResponse): void {
    this.received.push(received)
    this.answer(response, received)
    for (const wake of this.#onReceived.splice(0)) wake()
  }
}
