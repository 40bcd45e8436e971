import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Digest, DigestAlgorithm } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { Turns } from '@berth/storage'
import { ContentHashes, recordedDigest, ResumableHash, resumeHashes, withRecord } from './content-hash.ts'
import { SharedTask } from './shared-task.ts'
import { isOvertaken, type Standing, type StoredUpload } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'

/** Maximum number of uploads that a process reads back at once. */
const maxReading = 2
/** Maximum number of uploads that wait to be read back. */
const maxWaiting = 64
/** Maximum number of bytes that are hashed in one turn of the event loop: about a millisecond. */
const sliceSize = 128 * 1024
/** Bytes after which a read-back looks whether the upload still stands where it stood. */
const bytesBetweenLooks = 32 * 1024 * 1024

export interface ReadBacksOptions {
  readonly randomId: () => string
  readonly observer: UploadObserver | undefined
}

/** An upload's hashes, and the checkpoint whose bytes they are of. */
export interface Continuation {
  readonly standing: Standing
  readonly hashes: ContentHashes
}

/**
 * Hashes the bytes of uploads whose checkpoints lack the hash that a request needs. The state of that hash is published
 * at once and continued by every later chunk, so an upload is read back at most once for each algorithm, whatever
 * becomes of the requests that needed it. All requests that need the same hash wait for one read-back.
 */
export class ReadBacks {
  readonly #randomId: () => string
  readonly #observer: UploadObserver | undefined
  readonly #turns = new Turns(maxReading)
  readonly #running = new Map<string, SharedTask<Standing>>()

  constructor({ randomId, observer }: ReadBacksOptions) {
    this.#randomId = randomId
    this.#observer = observer
  }

  /**
   * Continues an upload's hashes.
   *
   * @param algorithm which one of the hashes must be of; `undefined`: any will do
   * @throws RegistryError RANGE_INVALID: another request published a checkpoint meanwhile
   * @throws RegistryError UNAVAILABLE: too many uploads wait to be read back
   */
  async continue(
    upload: StoredUpload,
    standing: Standing,
    algorithm: DigestAlgorithm | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Continuation> {
    const hashes = await resumeHashes(standing.checkpoint.hashes)
    const [first, ...others] = hashes
    if (first !== undefined && (algorithm === undefined || hashes.some((hash) => hash.algorithm === algorithm)))
      return { standing, hashes: new ContentHashes([first, ...others]) }
    const needed = algorithm ?? standing.checkpoint.hashes[0].alg
    return this.continue(upload, await this.#read(upload, standing, needed, signal), needed, signal)
  }

  /** The digest of an upload's bytes, and the checkpoint that tells it. @throws as `continue` */
  async digest(
    upload: StoredUpload,
    standing: Standing,
    algorithm: DigestAlgorithm,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly standing: Standing; readonly digest: Digest }> {
    const digest = await recordedDigest(standing.checkpoint.hashes, algorithm)
    if (digest !== undefined) return { standing, digest }
    return this.digest(upload, await this.#read(upload, standing, algorithm, signal), algorithm, signal)
  }

  /** @returns the upload where it stands, with the state of a hash of `algorithm` */
  #read(
    upload: StoredUpload,
    { checkpoint: { size } }: Standing,
    algorithm: DigestAlgorithm,
    signal: AbortSignal | undefined,
  ): Promise<Standing> {
    const key = `${upload.area} ${size} ${algorithm}`
    const running = this.#running.get(key)
    if (running !== undefined && !running.isStopped) return running.wait(signal)
    if (this.#turns.waiting >= maxWaiting)
      throw new RegistryError('UNAVAILABLE', { reason: 'too many uploads have to be read back' })
    const task = new SharedTask(async (stop) => {
      try {
        return await this.#turns.run(() => this.#readInTurn(upload, size, algorithm, stop), stop)
      } finally {
        if (this.#running.get(key) === task) this.#running.delete(key)
      }
    })
    this.#running.set(key, task)
    return task.wait(signal)
  }

  async #readInTurn(
    upload: StoredUpload,
    size: number,
    algorithm: DigestAlgorithm,
    signal: AbortSignal,
  ): Promise<Standing> {
    const standing = await upload.getAt(size)
    // It may have been read back while this waited, or on another node.
    const known = await resumeHashes(standing.checkpoint.hashes)
    if (known.some((hash) => hash.algorithm === algorithm)) return standing
    const record = (await hashParts(upload, standing, algorithm, signal)).record()
    this.#observer?.rehashed(size)
    const withHash = ({ checkpoint, version }: Standing): Standing => ({
      checkpoint: { ...checkpoint, id: this.#randomId(), hashes: withRecord(checkpoint.hashes, record) },
      version,
    })
    try {
      return await upload.publish(standing, withHash(standing).checkpoint)
    } catch (error) {
      // Uploads only grow, so the same size means the same bytes: the hash is true of what is there now, too.
      if (isOvertaken(error)) return withHash(await upload.getAt(size))
      throw error
    }
  }
}

/** @throws RegistryError RANGE_INVALID, BLOB_UPLOAD_UNKNOWN: the upload went on, or ended, meanwhile */
async function hashParts(
  upload: StoredUpload,
  { checkpoint: { size, parts } }: Standing,
  algorithm: DigestAlgorithm,
  signal: AbortSignal,
): Promise<ResumableHash> {
  const hash = await ResumableHash.start(algorithm)
  let unlooked = 0
  for await (const bytes of upload.storage.readParts(upload.area, parts)) {
    for (let at = 0; at < bytes.byteLength; at += sliceSize) {
      hash.update(bytes.subarray(at, at + sliceSize))
      await nextTurn()
      signal.throwIfAborted()
    }
    unlooked += bytes.byteLength
    if (unlooked < bytesBetweenLooks) continue
    unlooked = 0
    await upload.getAt(size)
  }
  return hash
}
