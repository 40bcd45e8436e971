import type { TokenServer } from '@berth/access'
import type { SendableBlobs } from '@berth/blobs'
import type { PullRecorder } from '@berth/events'
import type { Catalog, Manifests, Referrers, Tags } from '@berth/manifests'
import type { BlobUploads } from '@berth/uploads'
import type { BlobRelay } from './relay/blob-relay.ts'
import type { HttpApiSettings } from './settings.ts'

/** What the API serves. An app gives those that it has, and the routes that need no other are there. */
export interface RegistryServices {
  readonly blobs: SendableBlobs
  readonly uploads: BlobUploads
  readonly manifests: Manifests
  readonly tags: Tags
  readonly catalog: Catalog
  readonly referrers: Referrers
  readonly tokens: TokenServer
  /** Asks those who have blobs and uploads, where these are not here. */
  readonly relay: BlobRelay
  /** Records pulls. Absent if no endpoint receives events of pulls. */
  readonly pulls?: Pick<PullRecorder, 'blob' | 'manifest'>
}

/** All that an operation may depend on. */
export type ApiParts = RegistryServices & HttpApiSettings
