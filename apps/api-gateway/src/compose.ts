import { Requester } from '@berth/access'
import { openAccess } from '@berth/access/stored'
import { BlobRelay, serveApi } from '@berth/http-api'
import { formatAddress, parseDocument } from '@berth/configuration'
import {
  createMetrics,
  type Lifecycle,
  type ProcessLogger,
  serveHealth,
  type Tracer,
  revision,
  version,
} from '@berth/process'
import {
  checkHealth,
  followRpcTls,
  RemoteCatalog,
  RemoteManifests,
  RemoteReferrers,
  RemoteTags,
  RpcChannel,
} from '@berth/rpc'
import type { GatewayConfig } from './config.ts'

/** The API's front door: it asks the manifest service, and relays blobs to a node. The one file here that says `new`. */
export async function compose(
  config: GatewayConfig,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  tracer?: Tracer,
): Promise<void> {
  const metrics = createMetrics({ version, revision })
  const tokens = { parseDocument, ownKeys: undefined, metrics: metrics.tokens }
  const controlled = config.auth && lifecycle.own(openAccess(config.auth, log, tokens))
  const requester = controlled && new Requester()
  const access = controlled && { controller: controlled.controller, metrics: metrics.access, requester }
  const { blobs, manifest } = config.services
  const tls = followRpcTls(config.rpc.tls, { lifecycle, log })
  const channel = lifecycle.own(new RpcChannel({ addresses: manifest.addresses, log, tracer, requester, tls }))
  const guardedPath = config.auth && `${config.http.prefix}v2/`
  const relay = lifecycle.own(new BlobRelay({ nodes: blobs.http, log, guardedPath }))

  const health = await serveHealth(
    {
      config,
      log,
      metrics,
      needs: [
        {
          name: 'manifest service',
          intervalMs: 2000,
          threshold: 2,
          check: (signal) => checkHealth(channel, AbortSignal.any([signal, AbortSignal.timeout(2000)])),
        },
      ],
    },
    lifecycle,
  )
  const services = {
    manifests: new RemoteManifests(channel),
    tags: new RemoteTags(channel),
    catalog: new RemoteCatalog(channel),
    referrers: new RemoteReferrers(channel),
    relay,
    ...(controlled?.tokens && { tokens: controlled.tokens }),
  }
  const api = await serveApi(
    { config, services, log, metrics: metrics.http, tracer, access, isHealthy: health.isHealthy },
    lifecycle,
  )
  log.info({ api, debug: health.debug && formatAddress(health.debug) }, 'listening')
}
