import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Config } from '@berth/configuration'
import { createDeliveryMetrics, EventDispatcher, type Endpoint } from '@berth/event-delivery'
import {
  EventContext,
  PullRecorder,
  RecordedBlobs,
  RecordedManifests,
  RecordedTags,
  RecordedUploads,
  Recorder,
} from '@berth/events'
import { StoredEventLog } from '@berth/events/stored'
import type { RegistryServices } from '@berth/http-api'
import type { Lifecycle, Metrics, ProcessLogger } from '@berth/process'
import type { StorageDriver } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'

type Recorded = Pick<RegistryServices, 'blobs' | 'uploads' | 'manifests' | 'tags'>

export interface OpenedEvents {
  readonly context: EventContext
  /** The services with their changes recorded, and with `pulls`, which records pulls. */
  record<S extends Recorded>(services: S): S & Pick<RegistryServices, 'pulls'>
}

export interface OpenEventsOptions {
  readonly config: Config
  readonly storage: StorageDriver
  /** Whether no other process changes what is stored. */
  readonly isExclusive: boolean
  readonly log: ProcessLogger
  readonly metrics: Metrics
}

/**
 * Opens the log of events in storage, and begins to deliver them.
 *
 * @returns `undefined` if no endpoint receives events
 */
export async function openEvents(options: OpenEventsOptions, lifecycle: Lifecycle): Promise<OpenedEvents | undefined> {
  const { config, storage, isExclusive, log: logger, metrics: families } = options
  const { includeReferences, endpoints } = config.notifications
  if (endpoints.length === 0) return undefined
  const isReadOnly = config.storage.readOnly
  if (!isExclusive && !isReadOnly) {
    logger.warn({}, 'no events are sent: notifications need storage that belongs to one process')
    return undefined
  }
  const metrics = createDeliveryMetrics(families)
  // A read-only registry only has pulls, whose events need not outlive the process.
  const log = lifecycle.own(await StoredEventLog.open({ storage: isReadOnly ? new MemoryDriver() : storage }))
  const dispatcher = lifecycle.own(
    new EventDispatcher({ endpoints: endpoints.map(toEndpoint), lists: log, log: logger, metrics }),
  )
  const context = new EventContext()
  const source = { addr: addressOf(config), instanceID: randomUUID() }
  const recorder = new Recorder({ log, endpoints, source, context })
  const pulls = lifecycle.own(
    new PullRecorder({ recorder, log, logger, includeReferences, onDropped: (events) => metrics.dropped(events) }),
  )
  await dispatcher.start()
  return {
    context,
    record: (services) => ({
      ...services,
      blobs: new RecordedBlobs(services.blobs, recorder),
      uploads: new RecordedUploads(services.uploads, recorder),
      manifests: new RecordedManifests(services.manifests, { recorder, includeReferences }),
      tags: new RecordedTags(services.tags, recorder),
      pulls,
    }),
  }
}

function toEndpoint({ url, headers, ...endpoint }: Config['notifications']['endpoints'][number]): Endpoint {
  const revealed = Object.entries(headers).map(([name, values]) => [name, values.map((value) => value.reveal())])
  return {
    ...endpoint,
    url: new URL(url.reveal()),
    headers: Object.fromEntries(revealed) as Endpoint['headers'],
  }
}

/** Where the process listens, as CNCF Distribution's events tell it. */
function addressOf({ http: { listen } }: Config): string {
  return 'path' in listen ? listen.path : `${hostname()}:${listen.port}`
}
