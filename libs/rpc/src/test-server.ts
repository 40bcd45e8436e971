import type { Logger } from '@berth/errors'
import { RpcChannel, type RpcChannelOptions } from './client/rpc-channel.ts'
import type { RenewableTls } from './tls.ts'
import { RpcServer, type RpcServerOptions, type RpcServices } from './server/rpc-server.ts'

/** What was logged as an error. */
export interface ErrorLog extends Logger {
  readonly errors: { readonly fields: object; readonly message: string }[]
}

export function errorLog(): ErrorLog {
  const errors: ErrorLog['errors'] = []
  const ignore = (): void => {}
  return {
    errors,
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (fields, message) => errors.push({ fields, message }),
  }
}

export interface Served {
  readonly server: RpcServer
  readonly address: string
  readonly log: ErrorLog
  readonly close: () => Promise<void>
}

/** For tests: a server on loopback that is closed at once. */
export async function listen(
  services: Partial<RpcServices>,
  options: Partial<RpcServerOptions> = {},
  tls?: RenewableTls,
): Promise<Served> {
  const log = errorLog()
  const server = new RpcServer({ log, services, ...options })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 }, tls)
  return { server, address: `127.0.0.1:${port}`, log, close: () => server.close(AbortSignal.abort()) }
}

/** For tests: a server on loopback, and a channel to it. */
export async function serve(
  services: Partial<RpcServices>,
  options: Partial<RpcChannelOptions> = {},
): Promise<Served & { readonly channel: RpcChannel }> {
  const served = await listen(services)
  const channel = new RpcChannel({ addresses: [served.address], ...options })
  const close = async (): Promise<void> => {
    channel.close()
    await served.close()
  }
  return { ...served, channel, close }
}
