import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { StoredBlobs } from '@berth/blobs/stored'
import { HttpApiServer } from '@berth/http-api'
import { openManifests } from '@berth/manifests/stored'
import {
  type Config,
  configuredChecks,
  createMetrics,
  DebugServer,
  formatAddress,
  HealthChecks,
  type Lifecycle,
  loadTls,
  type ProcessLogger,
  RepeatedTask,
  type TcpAddress,
  version,
} from '@berth/process'
import { findStat, layout, ObservedDriver } from '@berth/storage'
import { KeyRing } from '@berth/uploads'
import { StoredBlobUploads, StoredUploadPurge } from '@berth/uploads/stored'
import { apiSettings, keyRingOptions, manifestPolicy } from './config.ts'
import { openStorage } from './open-storage.ts'

/** Where the process listens. */
export interface Composed {
  readonly api: AddressInfo | string
  readonly debug: TcpAddress | undefined
}

/** The whole registry in one process. What is made is made here, and storage in `open-storage.ts`. */
export async function compose(config: Config, lifecycle: Lifecycle, log: ProcessLogger): Promise<Composed> {
  const metrics = createMetrics({ version })
  const opened = await openStorage(config.storage, lifecycle, log)
  const actions = metrics.storage(opened.driver.name)
  const storage = ObservedDriver.observe(opened.driver, (action, seconds) => actions.observe(action, seconds))

  const cache = config.storage.cache
  const blobs = new StoredBlobs({
    storage,
    ...(cache.blobDescriptor === 'inmemory' && {
      cache: { maxDescriptors: cache.blobDescriptorSize, observer: metrics.cache },
    }),
  })
  const keys = new KeyRing(keyRingOptions(config.secrets, opened.secret))
  const uploads = lifecycle.own(
    new StoredBlobUploads({
      storage,
      keys,
      observer: { rehashed: (bytes) => metrics.uploads.rehashBytes.add(bytes) },
      log,
    }),
  )
  const { adopt, ...manifests } = openManifests({
    storage,
    blobs,
    policy: manifestPolicy(config),
    isExclusive: true,
    log,
  })

  // Not waited for: an adopted tree may be large, and only the catalog and the referrers need its index.
  const stop = new AbortController()
  const adoption = adopt(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) log.error({ err: error }, 'the tree could not be indexed')
  })
  lifecycle.own({
    close: () => {
      stop.abort()
      return adoption
    },
  })

  const purge = new StoredUploadPurge({ storage, log })
  const { enabled, ageMs, intervalMs, dryRun } = config.storage.uploadPurging
  if (enabled)
    lifecycle.own(
      new RepeatedTask({
        name: 'upload purge',
        // As Distribution does: of many that start at once, not all walk the tree at once.
        delayMs: Math.floor(Math.random() * 60) * 60_000,
        intervalMs,
        log,
        run: async (signal) => {
          const { removed, failed } = await purge.purge(ageMs, { dryRun, signal })
          if (!dryRun) metrics.uploads.purged.add(removed)
          const temporary = dryRun ? 0 : await opened.purgeTemporary(ageMs)
          log.info({ removed, failed, dryRun, temporary }, 'stale uploads purged')
        },
      }),
    )

  const health = lifecycle.own(
    new HealthChecks({
      log,
      checks: configuredChecks(config.health, {
        driver: storage.name,
        probe: async () => {
          await findStat(storage, layout.registryRoot)
        },
      }),
    }),
  )
  health.start()
  const debug =
    config.debug.listen &&
    lifecycle.own(
      await DebugServer.listen(config.debug.listen, {
        isReady: () => lifecycle.isReady && health.isHealthy,
        health,
        ...(config.debug.metrics.enabled && { metrics: { ...metrics, path: config.debug.metrics.path } }),
        log,
      }),
    )

  const server = new HttpApiServer({
    services: { blobs, uploads, ...manifests },
    settings: apiSettings(config),
    log,
    ...(config.debug.metrics.enabled && { metrics: metrics.http }),
    isHealthy: () => health.isHealthy,
  })
  const tls = config.http.tls && loadTls(config.http.tls, (path) => readFileSync(path, 'utf8'))
  const api = await server.listen(config.http.listen, tls)
  lifecycle.own({ close: () => server.close(config.http.drainTimeoutMs) })
  log.info(
    {
      api: typeof api === 'string' ? api : formatAddress({ net: 'tcp', host: api.address, port: api.port }),
      debug: debug && formatAddress(debug.address),
      storage: storage.name,
    },
    'listening',
  )
  return { api, debug: debug?.address }
}
