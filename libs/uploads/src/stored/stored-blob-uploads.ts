import { randomUUID } from 'node:crypto'
import { type CachedDescriptors, linkedBlob } from '@berth/blobs'
import { canonicalAlgorithm, type Digest, type DigestAlgorithm, digestOf } from '@berth/digest'
import { type Logger, RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import { type StorageDriver, StorageError } from '@berth/storage'
import type { BlobUploads, Chunk, CompletedUpload, Upload, UploadRef } from '../blob-uploads.ts'
import type { KeyRing } from '../key-ring.ts'
import { appendChunk } from './append-chunk.ts'
import type { Checkpoint } from './checkpoint.ts'
import { findCompleted, isGone, placeBlob } from './complete-upload.ts'
import { ContentHashes, NativeHash, ResumableHash } from './content-hash.ts'
import { type Continuation, ReadBacks } from './read-backs.ts'
import { type Standing, StoredUpload, translateUploadError } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'
import { formatToken, parseToken, type UploadClaims } from './upload-token.ts'

export interface StoredBlobUploadsOptions {
  readonly storage: StorageDriver
  readonly keys: KeyRing
  /** What is remembered of blobs: a blob that was pushed here is known here. */
  readonly descriptors?: Pick<CachedDescriptors, 'generation' | 'keep'> | undefined
  readonly observer?: UploadObserver
  readonly log?: Logger
  readonly nowMs?: () => number
  /** Makes UUIDs. */
  readonly randomId?: () => string
}

/**
 * Uploads as immutable parts under an atomic checkpoint. A request writes parts of its own and publishes them over
 * exactly the checkpoint that it began from, so that of two at once one counts, and nothing is ever mixed.
 */
export class StoredBlobUploads implements BlobUploads {
  readonly #storage: StorageDriver
  readonly #keys: KeyRing
  readonly #descriptors: StoredBlobUploadsOptions['descriptors']
  readonly #observer: UploadObserver | undefined
  readonly #log: Logger | undefined
  readonly #nowMs: () => number
  readonly #randomId: () => string
  readonly #readBacks: ReadBacks
  readonly #removals = new Set<Promise<void>>()

  constructor(options: StoredBlobUploadsOptions) {
    const { storage, keys, descriptors, observer, log, nowMs = Date.now, randomId = randomUUID } = options
    this.#storage = storage
    this.#keys = keys
    this.#descriptors = descriptors
    this.#observer = observer
    this.#log = log
    this.#nowMs = nowMs
    this.#randomId = randomId
    this.#readBacks = new ReadBacks({ randomId, observer })
  }

  async start(repository: RepositoryName, algorithm: DigestAlgorithm = canonicalAlgorithm): Promise<Upload> {
    const upload = new StoredUpload(this.#storage, repository, this.#randomId())
    const startedAt = `${new Date(this.#nowMs()).toISOString().slice(0, 19)}Z`
    const hash = { alg: algorithm, digest: digestOf('', algorithm) }
    const checkpoint: Checkpoint = { id: this.#randomId(), size: 0, parts: [], hashes: [hash] }
    return this.#about(upload, async () => {
      await upload.start(checkpoint, startedAt)
      this.#observer?.started()
      return this.#describe(upload, checkpoint, { algorithm, startedAt })
    })
  }

  async status(ref: UploadRef): Promise<Upload> {
    const { upload, claims } = this.#open(ref)
    return this.#about(upload, async () => this.#describe(upload, (await upload.get()).checkpoint, claims))
  }

  async append(ref: UploadRef, chunk: Chunk, signal?: AbortSignal): Promise<Upload> {
    const { upload, claims } = this.#open(ref)
    return this.#about(upload, async () => {
      const standing = await upload.get()
      checkStart(standing.checkpoint, claims, chunk)
      try {
        const after = await appendChunk(upload, standing, chunk, {
          continueHashes: () => this.#continueHashes(upload, standing, chunk.isOneOfMany, signal),
          checkpointId: this.#randomId(),
          observer: this.#observer,
          signal,
        })
        return this.#describe(upload, after.checkpoint, claims)
      } catch (error) {
        if (StorageError.isNotFound(error)) await upload.checkNotOvertaken(standing)
        throw error
      }
    })
  }

  async complete(ref: UploadRef, digest: Digest, chunk?: Chunk, signal?: AbortSignal): Promise<CompletedUpload> {
    const { upload, claims } = this.#open(ref)
    return this.#about(upload, async () => {
      let standing: Standing | undefined
      try {
        standing = await upload.get()
        checkStart(standing.checkpoint, claims, chunk)
        const completed = await this.#place(upload, standing, digest, chunk, signal)
        await this.#end(upload, standing.checkpoint.size > 0)
        this.#observer?.completed()
        return completed
      } catch (error) {
        if (standing !== undefined && StorageError.isNotFound(error)) await upload.checkNotOvertaken(standing)
        if (isGone(error)) return findCompleted(upload, digest)
        throw error
      }
    })
  }

  async cancel(ref: UploadRef): Promise<void> {
    const { upload } = this.#open(ref)
    await this.#about(upload, async () => {
      const { checkpoint } = await upload.get()
      await this.#end(upload, checkpoint.size > 0)
    })
  }

  /** Waits for the removals that no client waited for. */
  async close(): Promise<void> {
    await Promise.all(this.#removals)
  }

  async #place(
    upload: StoredUpload,
    standing: Standing,
    digest: Digest,
    chunk: Chunk | undefined,
    signal: AbortSignal | undefined,
  ): Promise<CompletedUpload> {
    const since = this.#descriptors?.generation
    const options = { chunk, signal, readBacks: this.#readBacks, randomId: this.#randomId, observer: this.#observer }
    const completed = await placeBlob(upload, standing, digest, options)
    if (since !== undefined)
      this.#descriptors?.keep(upload.repository, digest, linkedBlob(digest, completed.size), since)
    return completed
  }

  /** The hashes for the next chunk. The first chunk decides: only clients that send many need a state that can be kept. */
  async #continueHashes(
    upload: StoredUpload,
    standing: Standing,
    isOneOfMany: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Continuation> {
    const { size, hashes } = standing.checkpoint
    if (size > 0) return this.#readBacks.continue(upload, standing, undefined, signal)
    const { alg } = hashes[0]
    return { standing, hashes: new ContentHashes([isOneOfMany ? await ResumableHash.start(alg) : new NativeHash(alg)]) }
  }

  async #end(upload: StoredUpload, hasParts: boolean): Promise<void> {
    const { removed } = await upload.end(hasParts)
    const removal = removed
      .catch((error: unknown) => {
        const { repository, id } = upload
        this.#log?.warn({ err: error, repository, upload: id }, 'could not remove the bytes of an ended upload')
      })
      .finally(() => this.#removals.delete(removal))
    this.#removals.add(removal)
  }

  #open(ref: UploadRef): { readonly upload: StoredUpload; readonly claims: UploadClaims } {
    const upload = new StoredUpload(this.#storage, ref.repository, ref.id)
    return { upload, claims: parseToken(this.#keys, ref) }
  }

  #describe(
    { repository, id }: StoredUpload,
    checkpoint: Checkpoint,
    { algorithm, startedAt }: Pick<UploadClaims, 'algorithm' | 'startedAt'>,
  ): Upload {
    const offset = checkpoint.size
    const claims = { offset, checkpointId: checkpoint.id, algorithm, startedAt }
    return { id, offset, state: formatToken(this.#keys, repository, id, claims) }
  }

  async #about<T>(upload: StoredUpload, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation()
    } catch (error) {
      throw error instanceof StorageError ? translateUploadError(upload, error) : error
    }
  }
}

/**
 * MUST be 416 where a chunk is not the next one: distribution-spec, "Pushing a blob in chunks".
 *
 * @throws RegistryError RANGE_INVALID
 */
function checkStart({ size: offset }: Checkpoint, claims: UploadClaims, chunk: Chunk | undefined): void {
  const start = chunk?.start ?? claims.offset
  if (start === offset) return
  const last = chunk?.size === undefined ? '' : String(Math.max(start, start + chunk.size - 1))
  throw new RegistryError('RANGE_INVALID', { range: `${start}-${last}`, offset })
}
