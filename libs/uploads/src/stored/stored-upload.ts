import { RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import {
  layout,
  type Part,
  type StorageDriver,
  StorageError,
  type StoragePath,
  translateStorageError,
  type Version,
} from '@berth/storage'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'

/** Where an upload stands, as it was read: what is published next is published over exactly this. */
export interface Standing {
  readonly checkpoint: Checkpoint
  readonly version: Version
}

/** Of the clients' ids, all that may become part of a path. */
const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What is in an upload's directory from its start. */
const contentsWithoutParts = [layout.uploadCheckpointName, layout.uploadStartedAtName]

export function isUploadId(text: string): boolean {
  return idForm.test(text)
}

/** One upload in storage: its directory, and the checkpoint that says what of it exists. */
export class StoredUpload {
  readonly storage: StorageDriver
  readonly repository: RepositoryName
  readonly id: string
  readonly area: StoragePath
  readonly #checkpointPath: StoragePath

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN: `id` is no upload's */
  constructor(storage: StorageDriver, repository: RepositoryName, id: string) {
    if (!isUploadId(id)) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { upload: id })
    this.storage = storage
    this.repository = repository
    this.id = id
    this.area = layout.uploadRoot(repository, id)
    this.#checkpointPath = layout.uploadCheckpointPath(repository, id)
  }

  /** Makes it. What a power failure takes of a just started upload is as good as purged, so nothing waits for a disk. */
  async start(checkpoint: Checkpoint, startedAt: string): Promise<void> {
    const startedAtPath = layout.uploadStartedAtPath(this.repository, this.id)
    // The checkpoint first: it is made where nothing is yet.
    await this.storage.swap(this.#checkpointPath, undefined, formatCheckpoint(checkpoint), { durable: false })
    await this.storage.put(startedAtPath, Buffer.from(startedAt), { durable: false })
  }

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  async get(): Promise<Standing> {
    const standing = await this.find()
    if (standing === undefined) throw this.unknown()
    return standing
  }

  async find(): Promise<Standing | undefined> {
    try {
      const { version, content } = await this.storage.readVersioned(this.#checkpointPath)
      const checkpoint = parseCheckpoint(content)
      return checkpoint && { checkpoint, version }
    } catch (error) {
      if (StorageError.isNotFound(error)) return undefined
      throw error
    }
  }

  /**
   * Publishes `next`, unless another request was first. Its parts that the checkpoint before did not have are removed
   * where it is certain that no checkpoint names them.
   *
   * @throws RegistryError RANGE_INVALID: another request was first; the detail says where the upload stands now
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN: the upload has ended
   */
  async publish(from: Standing, next: Checkpoint): Promise<Standing> {
    try {
      const version = await this.storage.swap(this.#checkpointPath, from.version, formatCheckpoint(next))
      return { checkpoint: next, version }
    } catch (error) {
      return this.#afterFailedSwap(from.checkpoint, next, error)
    }
  }

  /**
   * Ends it: nothing can be published once this returns.
   *
   * @param hasParts whether it ever had any; where a request of before left some behind unpublished, the purge finds them
   */
  end(hasParts: boolean): Promise<{ readonly removed: Promise<void> }> {
    return this.storage.abort(this.area, hasParts ? undefined : contentsWithoutParts)
  }

  unknown(cause?: unknown): RegistryError {
    return new RegistryError('BLOB_UPLOAD_UNKNOWN', { upload: this.id }, { cause })
  }

  /** An answer may be lost and its swap still have happened, so what is there decides. */
  async #afterFailedSwap(before: Checkpoint, next: Checkpoint, error: unknown): Promise<Standing> {
    const now = await this.find()
    if (now?.checkpoint.id === next.id) return now
    const own = without(next.parts, before.parts)
    const unnamed = without(own, now?.checkpoint.parts ?? [])
    // Somebody has built on what this request published: then it was published, and its answer is all that was lost.
    if (now !== undefined && own.length > 0 && unnamed.length === 0) return { checkpoint: next, version: now.version }
    // After any other failure the swap may still be on its way, and would then name them.
    if (isDefinite(error)) await this.#discard(unnamed)
    if (!isMismatch(error)) throw error
    if (now === undefined) throw this.unknown(error)
    const range = `${before.size}-${Math.max(before.size, next.size - 1)}`
    throw new RegistryError('RANGE_INVALID', { range, offset: now.checkpoint.size }, { cause: error })
  }

  /** A part that is left over costs room until its upload ends, so that is no reason to fail. */
  async #discard(parts: readonly Part[]): Promise<void> {
    if (parts.length > 0) await this.storage.discard(this.area, parts).catch(() => {})
  }
}

/** What a client is told where storage failed while it was about this upload. */
export function translateUploadError(upload: StoredUpload, error: unknown): unknown {
  return translateStorageError(error, (cause) => upload.unknown(cause))
}

function without(parts: readonly Part[], others: readonly Part[]): readonly Part[] {
  return parts.filter((part) => !others.some((other) => other.name === part.name))
}

function isMismatch(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'VERSION_MISMATCH'
}

function isDefinite(error: unknown): boolean {
  return isMismatch(error) || (error instanceof StorageError && error.code === 'STORAGE_FULL')
}
