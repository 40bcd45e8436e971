import type { AddressInfo } from 'node:net'
import { type Config, formatAddress } from '@berth/configuration'
import { cannotListen, followTls, type Lifecycle, type ProcessLogger, type Tracer } from '@berth/process'
import type { AccessControl } from './access/access-guard.ts'
import type { EventContext } from '@berth/events'
import { HttpApiServer } from './http-api-server.ts'
import type { RequestMetrics } from './observers.ts'
import type { RegistryServices } from './services.ts'
import { settingsOf } from './settings.ts'

export interface ServedApi {
  readonly config: Config
  readonly services: Partial<RegistryServices>
  readonly log: ProcessLogger
  readonly metrics: RequestMetrics
  readonly tracer?: Tracer | undefined
  /** What the section `auth` asks for. */
  readonly access: AccessControl | undefined
  readonly isHealthy: () => boolean
  /** Carries the facts of a request to the events that it leads to. Absent if nothing receives events. */
  readonly events?: EventContext | undefined
}

/**
 * Serves the API where and how the configuration says, until `lifecycle` closes.
 *
 * @returns where it listens, as people write it
 * @throws StartError it cannot listen there
 */
export async function serveApi(parts: ServedApi, lifecycle: Lifecycle): Promise<string> {
  const { config, metrics, ...rest } = parts
  if (config.auth !== undefined && parts.access === undefined) throw new Error('access would not be controlled')
  const server = new HttpApiServer({
    ...rest,
    settings: settingsOf(config),
    ...(config.debug.metrics.enabled && { metrics }),
  })
  const { listen, tls } = config.http
  const address: AddressInfo | string = await server.listen(listen, tls).catch((error: unknown) => {
    throw cannotListen('http.addr', listen, error)
  })
  lifecycle.own({ close: () => server.close(config.http.drainTimeoutMs) })
  if (tls !== undefined) lifecycle.own(followTls(tls, { log: parts.log, use: (renewed) => server.renew(renewed) }))
  return typeof address === 'string'
    ? address
    : formatAddress({ net: 'tcp', host: address.address, port: address.port })
}
