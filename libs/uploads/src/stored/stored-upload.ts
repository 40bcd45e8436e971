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

/** Where an upload stands, as it was read. The next checkpoint is published over exactly this version. */
export interface Standing {
  readonly checkpoint: Checkpoint
  readonly version: Version
}

/** The ids that may become part of a path. */
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

  /**
   * As `get`, for a request that has begun from `size` bytes.
   *
   * @throws RegistryError RANGE_INVALID: the upload has more bytes now
   */
  async getAt(size: number): Promise<Standing> {
    const standing = await this.get()
    if (standing.checkpoint.size !== size) throw overtaken(`${size}-`, standing.checkpoint)
    return standing
  }

  /**
   * Looks why a part of `from` is not there: a request that published a checkpoint first may have removed it.
   *
   * @throws RegistryError RANGE_INVALID: that is so
   */
  async checkNotOvertaken({ checkpoint: { size } }: Standing): Promise<void> {
    const now = await this.find()
    if (now !== undefined && now.checkpoint.size !== size) throw overtaken(`${size}-`, now.checkpoint)
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
   * Publishes `next`, unless another request was first. The parts that only one of the two checkpoints names are removed
   * if it is certain that no checkpoint in storage names them: those of `from` after `next` was published, those of
   * `next` if it cannot be any more. A request that still reads the parts of `from` fails, and could not publish.
   *
   * @throws RegistryError RANGE_INVALID: another request was first; the detail says where the upload stands now
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN: the upload has ended
   */
  async publish(from: Standing, next: Checkpoint): Promise<Standing> {
    try {
      const version = await this.storage.swap(this.#checkpointPath, from.version, formatCheckpoint(next))
      await this.#discard(without(from.checkpoint.parts, next.parts))
      return { checkpoint: next, version }
    } catch (error) {
      return this.#afterFailedSwap(from.checkpoint, next, error)
    }
  }

  /** Removes the parts of a checkpoint that will not be published, but for those that `from` has. */
  async giveUp(from: Standing, next: Checkpoint): Promise<void> {
    await this.#discard(without(next.parts, from.checkpoint.parts))
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
    if (now?.checkpoint.id === next.id) {
      await this.#discard(without(before.parts, next.parts))
      return now
    }
    const own = without(next.parts, before.parts)
    const unnamed = without(own, now?.checkpoint.parts ?? [])
    // Somebody has built on what this request published: then it was published, and its answer is all that was lost.
    if (now !== undefined && own.length > 0 && unnamed.length === 0) return { checkpoint: next, version: now.version }
    // After any other failure the swap may still be on its way, and would then name them.
    if (isDefinite(error)) await this.#discard(unnamed)
    if (!isMismatch(error)) throw error
    if (now === undefined) throw this.unknown(error)
    throw overtaken(`${before.size}-${Math.max(before.size, next.size - 1)}`, now.checkpoint, error)
  }

  /** A part that is left over costs room until its upload ends, so that is no reason to fail. */
  async #discard(parts: readonly Part[]): Promise<void> {
    if (parts.length > 0) await this.storage.discard(this.area, parts).catch(() => {})
  }
}

/** Whether another request published a checkpoint first. */
export function isOvertaken(error: unknown): error is RegistryError<'RANGE_INVALID'> {
  return error instanceof RegistryError && error.code === 'RANGE_INVALID'
}

/** What a client is told where storage failed while it was about this upload. */
export function translateUploadError(upload: StoredUpload, error: unknown): unknown {
  return translateStorageError(error, (cause) => upload.unknown(cause))
}

function overtaken(range: string, { size: offset }: Checkpoint, cause?: unknown): RegistryError {
  return new RegistryError('RANGE_INVALID', { range, offset }, { cause })
}

function without(parts: readonly Part[], others: readonly Part[]): readonly Part[] {
  const names = new Set(others.map(({ name }) => name))
  return parts.filter(({ name }) => !names.has(name))
}

function isMismatch(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'VERSION_MISMATCH'
}

function isDefinite(error: unknown): boolean {
  return isMismatch(error) || (error instanceof StorageError && error.code === 'STORAGE_FULL')
}
