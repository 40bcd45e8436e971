import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { HttpApiSettings } from '../settings.ts'
import { type LogLine, RawConnection, TestApi } from '../test-api.ts'
import { BlobRelay, type BlobRelayOptions } from './blob-relay.ts'

export interface GatewaySetup {
  readonly settings?: Partial<HttpApiSettings>
  readonly relay?: Partial<BlobRelayOptions>
}

/** To be told what is to be closed when a test is over. */
export type OnEnd = (close: () => Promise<void> | void) => void

/** For tests: a gateway in front of whatever listens at the given addresses. */
export async function openGateway(
  onEnd: OnEnd,
  addresses: readonly string[],
  { settings = {}, relay: options = {} }: GatewaySetup = {},
) {
  const warnings: LogLine['fields'][] = []
  const errors: LogLine['fields'][] = []
  const log = {
    debug() {},
    info() {},
    warn: (fields: object) => void warnings.push({ ...fields }),
    error: (fields: object) => void errors.push({ ...fields }),
  }
  const relay = new BlobRelay({ nodes: addresses, log, ...options })
  const gateway = await TestApi.open({ services: { relay }, settings })
  onEnd(async () => {
    await gateway.close()
    relay.close()
  })
  const origin = `http://127.0.0.1:${gateway.port}`
  const send = (method: string, target: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(target, origin), { method, ...init })
  /** Starts an upload. @returns where it continues */
  const start = async (query: Readonly<Record<string, string>> = {}): Promise<string> =>
    next(await send('POST', '/v2/foo/blobs/uploads/'), query)
  return { gateway, relay, warnings, errors, origin, send, start }
}

/** Where an upload continues. */
export function next(response: Response, query: Readonly<Record<string, string>> = {}): string {
  const url = new URL(response.headers.get('location') ?? '', response.url)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.pathname + url.search
}

/** A node that does exactly what it is told, with each connection in turn. */
export class ScriptedNode {
  readonly address: string
  readonly connections: RawConnection[] = []

  private constructor(port: number) {
    this.address = `127.0.0.1:${port}`
  }

  static async open(
    onEnd: OnEnd,
    act: (connection: RawConnection, socket: Socket) => Promise<void> | void,
    port = 0,
  ): Promise<ScriptedNode> {
    const server = createServer({ allowHalfOpen: true })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const node = new ScriptedNode((server.address() as AddressInfo).port)
    server.on('connection', (socket) => {
      const connection = new RawConnection(socket)
      node.connections.push(connection)
      // One that ends before its script does is what some tests are about.
      Promise.resolve(act(connection, socket)).catch(() => undefined)
    })
    onEnd(() => {
      server.close()
      for (const connection of node.connections) connection.destroy()
    })
    return node
  }
}
