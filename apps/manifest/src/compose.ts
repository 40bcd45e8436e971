import { Requester } from '@berth/access'
import { TieredDescriptors } from '@berth/blobs/stored'
import { openManifests } from '@berth/manifests/stored'
import { formatAddress } from '@berth/configuration'
import {
  createMetrics,
  type Lifecycle,
  type ProcessLogger,
  serveHealth,
  storageObserver,
  type Tracer,
  revision,
  version,
} from '@berth/process'
import { EntrySeal, openRedis, RedisDescriptors } from '@berth/redis'
import { followRpcTls, RemoteBlobs, RpcChannel, RpcServer } from '@berth/rpc'
import { findStat, layout, ObservedDriver, pathKind } from '@berth/storage'
import type { ManifestConfig } from './config.ts'
import { openStorage } from './open-storage.ts'

/** Manifests, tags, referrers and the catalog, over gRPC. The one file here that says `new`. */
export async function compose(
  config: ManifestConfig,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  tracer?: Tracer,
): Promise<void> {
  const metrics = createMetrics({ version, revision })
  const opened = await openStorage(config, lifecycle, log, metrics)
  const { name: driver } = opened.driver
  const observer = storageObserver({ driver, metrics: metrics.storage(driver), tracer, kindOf: pathKind })
  const storage = ObservedDriver.observe(opened.driver, observer)

  const { blobDescriptor, blobDescriptorSize } = config.storage.cache
  const redis = blobDescriptor === 'redis' ? config.redis.cache : undefined
  const seal = config.sealKeys && new EntrySeal(config.sealKeys)
  if (redis !== undefined && seal === undefined)
    log.warn(
      {},
      'the manifest cache in Redis is off, because its entries cannot be verified: set uploads.keys or http.secret',
    )
  const shared = redis && new RedisDescriptors(lifecycle.own(openRedis(redis, log)), 'manifest', { seal })
  const requester = config.auth && new Requester()
  const { addresses } = config.services.blobs
  const tls = followRpcTls(config.rpc.tls, { lifecycle, log })
  const nodes = lifecycle.own(new RpcChannel({ addresses, log, tracer, requester, tls }))
  const { adoptInBackground, ...services } = openManifests({
    storage,
    blobs: new RemoteBlobs(nodes),
    policy: config.manifests,
    schema1: { ...config.schema1, mayStoreLayer: !config.storage.readOnly },
    isExclusive: false,
    isReadOnly: config.storage.readOnly,
    ...(blobDescriptor !== 'none' && {
      cache: new TieredDescriptors({
        maxDescriptors: blobDescriptorSize,
        observer: { timed: (...told) => metrics.cache.timed(...told), rejected: () => metrics.cache.rejected() },
        shared,
      }),
    }),
    log,
  })
  // Not waited for: an adopted tree may be large, and only the catalog and the referrers need its index.
  lifecycle.own(adoptInBackground())

  const probe = async (): Promise<void> => void (await findStat(storage, layout.registryRoot))
  const health = await serveHealth(
    { config, log, metrics, storage: { driver: storage.name, probe }, needs: opened.needs },
    lifecycle,
  )
  const { listen, insecure, maxConnectionAgeMs } = config.rpc
  const server = lifecycle.own(new RpcServer({ log, tracer, requester, services, maxConnectionAgeMs }))
  const { port } = await server.listen({ ...listen, insecure }, tls)
  const rpc = formatAddress({ ...listen, port })
  const debug = health.debug && formatAddress(health.debug)
  log.info({ rpc, debug, storage: storage.name, root: opened.root }, 'listening')
}
