import type { Digest } from '@berth/digest'
import { detectMediaType, parseStoredManifest } from '@berth/manifest'
import type { FormerFormat, Manifests, ManifestUpload, PushedManifest, StoredManifest } from '@berth/manifests'
import type { RepositoryName, Tag } from '@berth/reference'
import type { EventTarget } from '../event.ts'
import type { Recorder } from '../recorder.ts'

export interface RecordedManifestsOptions {
  readonly recorder: Recorder
  /** Whether events of manifests name what the manifest references (`notifications.events.includereferences`). */
  readonly includeReferences: boolean
}

/** Manifests whose pushes and removals are recorded before they are acknowledged. */
export class RecordedManifests implements Manifests {
  readonly #manifests: Manifests
  readonly #options: RecordedManifestsOptions

  constructor(manifests: Manifests, options: RecordedManifestsOptions) {
    this.#manifests = manifests
    this.#options = options
  }

  get(repository: RepositoryName, reference: Tag | Digest, newest?: FormerFormat): Promise<StoredManifest> {
    return this.#manifests.get(repository, reference, newest)
  }

  async put(repository: RepositoryName, manifest: ManifestUpload, signal?: AbortSignal): Promise<PushedManifest> {
    const pushed = await this.#manifests.put(repository, manifest, signal)
    const { recorder, includeReferences } = this.#options
    const { digest, tags } = pushed
    const target = manifestTarget(repository, { ...manifest, digest }, includeReferences)
    const path = `${repository}/manifests/${digest}`
    // A push with several tags is several events, since an event has one tag at most.
    const targets = tags.length === 0 ? [target] : tags.map((tag) => ({ ...target, tag }))
    await recorder.record(targets.map((each) => ({ action: 'push', target: each, path })))
    return pushed
  }

  async delete(repository: RepositoryName, digest: Digest): Promise<readonly Tag[]> {
    const tags = await this.#manifests.delete(repository, digest)
    const targets: readonly EventTarget[] = [{ digest, repository }, ...tags.map((tag) => ({ repository, tag }))]
    await this.#options.recorder.record(targets.map((target) => ({ action: 'delete', target })))
    return tags
  }
}

/** What events tell of a manifest that is there. */
export function manifestTarget(
  repository: RepositoryName,
  { digest, content, mediaType }: StoredManifest,
  includeReferences: boolean,
): EventTarget {
  return {
    mediaType: detectMediaType(content) ?? mediaType,
    size: content.byteLength,
    digest,
    repository,
    ...(includeReferences && {
      references: parseStoredManifest(content).references.map(({ descriptor }) => descriptor),
    }),
  }
}
