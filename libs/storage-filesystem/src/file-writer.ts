import type { ByteShare, ByteStream } from '@berth/bytes'
import { untilAborted } from '@berth/storage'
import type { FileSystem } from './file-system.ts'

const batchBytes = 1024 * 1024
/** A batch is one `writev`, which takes so many pieces. */
const batchChunks = 512
/** So much is left to the final sync at most; syncing all along keeps the disk busy while bytes arrive. */
const bytesBetweenSyncs = 16 * 1024 * 1024
/** A client that sends slowly does not hold on to the budget: what has come from it is written after so long. */
const idleFlushMs = 20

export interface FileWriterOptions {
  readonly files: FileSystem
  readonly budget: ByteShare
  readonly durable: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes one stream to one new file: a batch goes to the disk while the next is received and hashed. The chunks are the
 * writer's own until they are written, so none is copied.
 */
export class FileWriter {
  readonly #fd: number
  readonly #options: FileWriterOptions
  readonly #idleTimer: NodeJS.Timeout
  #batch: Uint8Array[] = []
  #batchSize = 0
  /** What of the budget the batch has. */
  #batchTaken = 0
  #position = 0
  #synced = 0
  #writing: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  private constructor(fd: number, options: FileWriterOptions) {
    this.#fd = fd
    this.#options = options
    this.#idleTimer = setTimeout(() => this.#flushWhenIdle(), idleFlushMs)
  }

  /**
   * Writes a stream to its end, and syncs. When it returns or throws, nothing uses `fd` any more.
   *
   * @returns the bytes written
   * @throws FileSystemError, or the stream's own error
   */
  static async write(fd: number, content: ByteStream, options: FileWriterOptions): Promise<number> {
    const writer = new FileWriter(fd, options)
    try {
      for await (const chunk of untilAborted(content, options.signal)) {
        if (chunk.byteLength > 0) await writer.#add(chunk)
      }
      return await writer.#finish()
    } finally {
      await writer.#release()
    }
  }

  async #add(chunk: Uint8Array): Promise<void> {
    await this.#takeBudget(chunk.byteLength)
    this.#batch.push(chunk)
    this.#batchSize += chunk.byteLength
    if (this.#batchSize >= batchBytes || this.#batch.length >= batchChunks) {
      if (this.#writing !== undefined) await this.#writing
      this.#startWrite()
    } else {
      this.#idleTimer.refresh()
    }
    this.#throwIfFailed()
  }

  async #takeBudget(bytes: number): Promise<void> {
    const { budget, signal } = this.#options
    let taken = budget.tryTake(bytes)
    if (taken === undefined) {
      // Nobody waits for the budget with bytes in hand that could be on the disk.
      await this.#flush()
      taken = await budget.take(bytes, signal)
    }
    this.#batchTaken += taken
  }

  #startWrite(): void {
    if (this.#failure !== undefined || this.#batch.length === 0) return
    const { files, budget } = this.#options
    const taken = this.#batchTaken
    const written = files.writevAll(this.#fd, this.#batch, this.#position)
    this.#position += this.#batchSize
    this.#batch = []
    this.#batchSize = 0
    this.#batchTaken = 0
    this.#writing = written
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        budget.give(taken)
        this.#writing = undefined
        this.#syncAlong()
      })
  }

  /** Waits until all that was added is written. */
  async #flush(): Promise<void> {
    if (this.#writing !== undefined) await this.#writing
    this.#startWrite()
    if (this.#writing !== undefined) await this.#writing
    this.#throwIfFailed()
  }

  #flushWhenIdle(): void {
    if (this.#writing === undefined) this.#startWrite()
    else if (this.#batch.length > 0) this.#idleTimer.refresh()
  }

  #syncAlong(): void {
    if (!this.#options.durable || this.#syncing !== undefined || this.#failure !== undefined) return
    if (this.#position - this.#synced < bytesBetweenSyncs) return
    this.#synced = this.#position
    this.#syncing = this.#options.files
      .fdatasync(this.#fd)
      .catch((error: unknown) => {
        // After a failed sync the kernel may say that the next one succeeded: the write has failed for good.
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#syncing = undefined
      })
  }

  async #finish(): Promise<number> {
    await this.#flush()
    if (this.#syncing !== undefined) await this.#syncing
    this.#throwIfFailed()
    if (this.#options.durable && this.#position > 0) await this.#options.files.fdatasync(this.#fd)
    return this.#position
  }

  async #release(): Promise<void> {
    clearTimeout(this.#idleTimer)
    if (this.#writing !== undefined) await this.#writing
    if (this.#syncing !== undefined) await this.#syncing
    this.#options.budget.give(this.#batchTaken)
    this.#batchTaken = 0
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
