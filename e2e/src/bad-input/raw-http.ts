import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Status line and headers. */
  readonly head: string
  readonly body: string
}

const patienceMs = 90_000

/**
 * What comes after the bytes: nothing, so that the server has to close; the end of what is sent, as of a client that
 * was cut off; or at once a reset, after which there are no answers.
 */
export type Ending = 'open' | 'end' | 'reset'

/** Sends bytes as they are over a connection of their own, and returns all that is answered until it is closed. */
export async function exchangeRaw(
  port: number,
  bytes: Buffer | string,
  ending: Ending = 'open',
): Promise<readonly RawAnswer[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  socket.on('error', () => undefined) // a server may hang up on what it refuses
  const signal = AbortSignal.timeout(patienceMs)
  const closed = Promise.race([once(socket, 'end', { signal }), once(socket, 'close', { signal })])
  await new Promise<void>((resolve) => {
    socket.write(bytes, () => resolve())
  })
  if (ending === 'end') socket.end()
  if (ending === 'reset') socket.resetAndDestroy()
  await closed
  socket.destroy()
  return parseAnswers(received)
}

/** The bytes of a well-formed request, whose connection ends with it. */
export function rawRequest(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer | string = '',
): Buffer {
  const all = {
    Host: 'registry.example',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  return Buffer.concat([head, Buffer.from(body)])
}

function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let rest = text; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n') + 4
    const head = rest.slice(0, end)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
    if (Number.isNaN(status)) throw new Error(`not an HTTP response: ${rest}`)
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head) // only of answers that are Node's own, and the last
    const size = isChunked ? rest.length : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    answers.push({ status, head, body: Buffer.from(rest.slice(end, end + size), 'latin1').toString() })
    rest = rest.slice(end + size)
  }
  return answers
}
