import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Logger } from '@berth/errors'
import type { TcpAddress } from '@berth/configuration'
import { cannotListen } from '../lifecycle/cannot-listen.ts'
import type { Closable } from '../lifecycle/lifecycle.ts'

interface CheckedHealth {
  readonly isHealthy: boolean
  failures(): Readonly<Record<string, string>>
}

export interface DebugParts {
  /** Whether the process is to be sent requests. */
  readonly isReady: () => boolean
  readonly health: CheckedHealth
  /** What the process cannot be sent requests without. */
  readonly needs?: CheckedHealth
  /** Without it there are no metrics. */
  readonly metrics?: { readonly path: string; readonly contentType: string; render(): Promise<string> }
  readonly log: Logger
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

const json = 'application/json; charset=utf-8'
const plain = 'text/plain; charset=utf-8'
const notFound: Answer = { status: 404, type: plain, text: 'not found\n' }

/**
 * The listener beside the API: `/livez` (the process runs), `/readyz` (send it requests), `/debug/health` (what is
 * wrong, as Distribution tells it) and the metrics. Nobody has to prove who they are, so it is not for the public.
 */
export class DebugServer implements Closable {
  readonly #server: Server

  /** @throws StartError that says where it cannot listen, and why */
  static async listen(address: TcpAddress, parts: DebugParts): Promise<DebugServer> {
    const server = createServer((request, response) => void respond(request, response, parts))
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(cannotListen('http.debug.addr', address, cause)))
      server.listen({ port: address.port, host: address.host }, resolve)
    })
    return new DebugServer(server)
  }

  private constructor(server: Server) {
    this.#server = server
  }

  /** Where it listens; the port is the one that it was given where 0 was asked for. */
  get address(): TcpAddress {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the debug server does not listen')
    return { net: 'tcp', host: address.address, port: address.port }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, parts: DebugParts): Promise<void> {
  let answer: Answer
  try {
    answer = await answerTo(request, parts)
  } catch (error) {
    parts.log.error({ err: error }, 'debug request failed')
    answer = { status: 500, type: plain, text: 'internal error\n' }
  }
  response.writeHead(answer.status, {
    'Content-Type': answer.type,
    'Content-Length': Buffer.byteLength(answer.text),
    'Cache-Control': 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : answer.text)
}

async function answerTo({ method, url = '/' }: IncomingMessage, parts: DebugParts): Promise<Answer> {
  // As Distribution: any other method finds nothing.
  if (method !== 'GET' && method !== 'HEAD') return notFound
  const path = url.split('?', 1)[0]
  if (path === '/livez') return { status: 200, type: plain, text: 'ok\n' }
  if (path === '/readyz') return readiness(parts)
  if (path === '/debug/health') {
    const { isHealthy } = parts.health
    return { status: isHealthy ? 200 : 503, type: json, text: JSON.stringify(parts.health.failures()) }
  }
  const { metrics } = parts
  if (metrics === undefined || path !== metrics.path) return notFound
  return { status: 200, type: metrics.contentType, text: await metrics.render() }
}

function readiness({ isReady, health, needs }: DebugParts): Answer {
  if (!isReady()) return { status: 503, type: plain, text: 'not ready: starting or shutting down\n' }
  const names = Object.keys({ ...health.failures(), ...needs?.failures() }).join(', ')
  if (names === '') return { status: 200, type: plain, text: 'ok\n' }
  return { status: 503, type: plain, text: `not ready: failing health checks: ${names}\n` }
}
