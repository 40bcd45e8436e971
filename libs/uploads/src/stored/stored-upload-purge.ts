import { collect } from '@berth/bytes'
import { type Logger, RegistryError } from '@berth/errors'
import { layout, type ContentStore, type PartStore, StorageError, type StoragePath } from '@berth/storage'
import type { UploadPurge, UploadPurgeResult } from '../blob-uploads.ts'
import { type UploadPlace, walkUploads } from './walk-uploads.ts'

export interface StoredUploadPurgeOptions {
  readonly storage: ContentStore & PartStore
  readonly log?: Logger
  readonly nowMs?: () => number
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/
/** More than a time has. */
const maxStartedAtSize = 1024

/** Removes stale uploads, one after the other, wherever a walk of all repositories finds them. */
export class StoredUploadPurge implements UploadPurge {
  readonly #storage: ContentStore & PartStore
  readonly #log: Logger | undefined
  readonly #nowMs: () => number

  constructor({ storage, log, nowMs = Date.now }: StoredUploadPurgeOptions) {
    this.#storage = storage
    this.#log = log
    this.#nowMs = nowMs
  }

  async purge(
    ageMs: number,
    { dryRun = false, signal }: { readonly dryRun?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<UploadPurgeResult> {
    const startedBeforeMs = this.#nowMs() - ageMs
    let removed = 0
    let failed = 0
    const onFailure = (path: StoragePath, error: unknown): void => {
      failed += 1
      this.#log?.error({ err: error, path }, 'stale uploads could not be purged')
    }
    for await (const upload of walkUploads(this.#storage, { onFailure, signal })) {
      signal?.throwIfAborted()
      try {
        if ((await this.#startedAtMs(upload)) >= startedBeforeMs) continue
        if (!dryRun) await this.#remove(upload)
        removed += 1
        this.#log?.info({ repository: upload.repository, upload: upload.id, dryRun }, 'stale upload purged')
      } catch (error) {
        if (!StorageError.isNotFound(error)) onFailure(layout.uploadRoot(upload.repository, upload.id), error)
      }
    }
    return { removed, failed }
  }

  async #remove({ repository, id }: UploadPlace): Promise<void> {
    const { removed } = await this.#storage.abort(layout.uploadRoot(repository, id))
    await removed
  }

  /** As it says of itself; one that does not has the age of what was last written of it. */
  async #startedAtMs({ repository, id }: UploadPlace): Promise<number> {
    try {
      const { content } = await this.#storage.read(layout.uploadStartedAtPath(repository, id))
      const text = Buffer.from(await collect(content, maxStartedAtSize)).toString()
      const startedAtMs = rfc3339.test(text) ? Date.parse(text) : NaN
      if (!Number.isNaN(startedAtMs)) return startedAtMs
    } catch (error) {
      if (!StorageError.isNotFound(error) && !(error instanceof RegistryError)) throw error
    }
    return this.#modifiedAtMs(layout.uploadRoot(repository, id))
  }

  async #modifiedAtMs(path: StoragePath): Promise<number> {
    const { isDirectory, modifiedAtMs } = await this.#storage.stat(path)
    let latest = modifiedAtMs
    if (isDirectory)
      for await (const { name } of this.#storage.list(path))
        latest = Math.max(latest, await this.#modifiedAtMs(layout.below(path, name)))
    return latest
  }
}
