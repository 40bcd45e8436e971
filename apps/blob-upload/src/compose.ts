import { Requester } from '@berth/access'
import { openAccess } from '@berth/access/stored'
import { StoredBlobs } from '@berth/blobs/stored'
import { serveApi } from '@berth/http-api'
import { formatAddress } from '@berth/configuration'
import {
  createMetrics,
  type Lifecycle,
  type ProcessLogger,
  repeatUploadPurge,
  serveHealth,
  storageObserver,
  type Tracer,
  revision,
  version,
} from '@berth/process'
import { EntrySeal, openRedis, RedisDescriptors } from '@berth/redis'
import { followRpcTls, RpcServer } from '@berth/rpc'
import { findStat, layout, ObservedDriver, pathKind } from '@berth/storage'
import { KeyRing } from '@berth/uploads'
import { StoredBlobUploads, StoredUploadPurge } from '@berth/uploads/stored'
import type { BlobNodeConfig } from './config.ts'
import { openStorage } from './open-storage.ts'

/** A blob node: blobs and uploads, over HTTP to clients and over gRPC to services. The one file here that says `new`. */
export async function compose(
  config: BlobNodeConfig,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  tracer?: Tracer,
): Promise<void> {
  const metrics = createMetrics({ version, revision })
  const controlled = config.auth && lifecycle.own(openAccess(config.auth, log))
  const access = controlled && { controller: controlled.controller, metrics: metrics.access }
  const opened = await openStorage(config, lifecycle, log, metrics)
  const { name: driver } = opened.driver
  const observer = storageObserver({ driver, metrics: metrics.storage(driver), tracer, kindOf: pathKind })
  const storage = ObservedDriver.observe(opened.driver, observer)

  const { blobDescriptor, blobDescriptorSize } = config.storage.cache
  const redis = blobDescriptor === 'redis' ? config.redis.cache : undefined
  const shared =
    redis &&
    new RedisDescriptors(lifecycle.own(openRedis(redis, log)), 'blob', { seal: new EntrySeal(config.uploadKeys) })
  const { redirect } = config.storage
  const blobs = new StoredBlobs({
    storage,
    ...(redirect.enabled && { redirectLifetimeMs: redirect.lifetimeMs }),
    ...(blobDescriptor !== 'none' && {
      cache: { maxDescriptors: blobDescriptorSize, observer: metrics.cache, shared },
    }),
  })
  const uploads = lifecycle.own(
    new StoredBlobUploads({
      storage,
      keys: new KeyRing(config.uploadKeys),
      descriptors: blobs.descriptors,
      observer: metrics.uploads,
      log,
    }),
  )
  const purge = new StoredUploadPurge({ storage, log })
  repeatUploadPurge(
    {
      config: config.storage.uploadPurging,
      isReadOnly: config.storage.readOnly,
      metrics: metrics.uploads,
      log,
      purge: (ageMs, options) => purge.purge(ageMs, options),
      purgeTemporary: (ageMs) => opened.purgeTemporary(ageMs),
    },
    lifecycle,
  )

  const probe = async (): Promise<void> => void (await findStat(storage, layout.registryRoot))
  const health = await serveHealth(
    { config, log, metrics, storage: { driver: storage.name, probe }, needs: opened.needs },
    lifecycle,
  )
  const { listen, insecure, maxConnectionAgeMs } = config.rpc
  const tls = followRpcTls(config.rpc.tls, { lifecycle, log })
  const server = lifecycle.own(
    new RpcServer({ log, tracer, requester: config.auth && new Requester(), services: { blobs }, maxConnectionAgeMs }),
  )
  const { port } = await server.listen({ ...listen, insecure }, tls)
  const api = await serveApi(
    { config, services: { blobs, uploads }, log, metrics: metrics.http, tracer, access, isHealthy: health.isHealthy },
    lifecycle,
  )
  const rpc = formatAddress({ ...listen, port })
  const debug = health.debug && formatAddress(health.debug)
  log.info({ api, rpc, debug, storage: storage.name, root: opened.root }, 'listening')
}
