import { openAccess } from '@berth/access/stored'
import { StoredBlobs, TieredDescriptors } from '@berth/blobs/stored'
import { serveApi } from '@berth/http-api'
import { openManifests } from '@berth/manifests/stored'
import { type Config, formatAddress, parseDocument } from '@berth/configuration'
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
import { findStat, layout, ObservedDriver, pathKind } from '@berth/storage'
import { KeyRing } from '@berth/uploads'
import { StoredBlobUploads, StoredUploadPurge } from '@berth/uploads/stored'
import { keyRingOptions, ownKeysPath } from './config.ts'
import { openEvents } from './open-events.ts'
import { openStorage } from './open-storage.ts'

/** The whole registry in one process. What is made is made here, and storage in `open-storage.ts`. */
export async function compose(
  config: Config,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  tracer?: Tracer,
): Promise<void> {
  const metrics = createMetrics({ version, revision })
  const opened = await openStorage(config, lifecycle, log, metrics)
  const { readOnly: isReadOnly } = config.storage
  const tokens = { parseDocument, ownKeys: ownKeysPath(config, opened.root), isReadOnly, metrics: metrics.tokens }
  const controlled = config.auth && lifecycle.own(openAccess(config.auth, log, tokens))
  const access = controlled && { controller: controlled.controller, metrics: metrics.access }
  const { name: driver } = opened.driver
  const observer = storageObserver({ driver, metrics: metrics.storage(driver), tracer, kindOf: pathKind })
  const storage = ObservedDriver.observe(opened.driver, observer)

  const { blobDescriptor, blobDescriptorSize } = config.storage.cache
  const redis = blobDescriptor === 'redis' ? config.redis.cache : undefined
  const connection = redis && lifecycle.own(openRedis(redis, log))
  const ring = keyRingOptions(config.secrets, opened.secret)
  const seal = ring && new EntrySeal(ring)
  if (redis !== undefined && seal === undefined)
    log.info({}, 'the Redis cache is off, because its entries cannot be verified: set uploads.keys or http.secret')
  const { redirect } = config.storage
  const blobs = new StoredBlobs({
    storage,
    ...(redirect.enabled && { redirectLifetimeMs: redirect.lifetimeMs }),
    ...(blobDescriptor !== 'none' && {
      cache: {
        maxDescriptors: blobDescriptorSize,
        observer: metrics.cache,
        shared: connection && new RedisDescriptors(connection, 'blob', { seal }),
      },
    }),
  })
  // Without keys nothing is uploaded: the ring verifies tokens of nobody.
  const keys = new KeyRing(ring ?? { signing: crypto.getRandomValues(new Uint8Array(32)) })
  const uploads = lifecycle.own(
    new StoredBlobUploads({
      storage,
      keys,
      descriptors: blobs.descriptors,
      observer: metrics.uploads,
      log,
    }),
  )
  const { adoptInBackground, ...manifests } = openManifests({
    storage,
    blobs,
    policy: config.manifests,
    schema1: { ...config.schema1, mayStoreLayer: !config.storage.readOnly },
    isExclusive: opened.isExclusive,
    isReadOnly: config.storage.readOnly,
    ...(blobDescriptor !== 'none' &&
      !opened.isExclusive && {
        cache: new TieredDescriptors({
          maxDescriptors: blobDescriptorSize,
          observer: { timed: (...told) => metrics.cache.timed(...told), rejected: () => metrics.cache.rejected() },
          shared: connection && new RedisDescriptors(connection, 'manifest', { seal }),
        }),
      }),
    log,
  })

  // Not waited for: an adopted tree may be large, and only the catalog and the referrers need its index.
  lifecycle.own(adoptInBackground())

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
  const { needs, root } = opened
  const health = await serveHealth({ config, log, metrics, storage: { driver: storage.name, probe }, needs }, lifecycle)
  const events = await openEvents({ config, storage, isExclusive: opened.isExclusive, log, metrics }, lifecycle)
  const services = { blobs, uploads, ...manifests, ...(controlled?.tokens && { tokens: controlled.tokens }) }
  const api = await serveApi(
    {
      config,
      services: events?.record(services) ?? services,
      events: events?.context,
      log,
      metrics: metrics.http,
      tracer,
      access,
      isHealthy: health.isHealthy,
    },
    lifecycle,
  )
  const debug = health.debug && formatAddress(health.debug)
  log.info({ api, debug, storage: storage.name, root }, 'listening')
}
