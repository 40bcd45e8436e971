import type { GatheredPiece } from './gatherer.ts'
import { InFlight } from './in-flight.ts'
import { MultipartUpload } from './multipart-upload.ts'
import type { WriteOptions } from './write-object.ts'

/** Parts of one object on their way at a time. */
const partsInFlight = 4

/** Sends the parts of one object, several at a time. Ends with `complete` or `abort`. */
export class PartsInFlight {
  readonly #options: WriteOptions
  readonly #upload: MultipartUpload
  readonly #inFlight = new InFlight(partsInFlight)
  #count = 0
  #size = 0

  constructor(options: WriteOptions, key: string) {
    this.#options = options
    this.#upload = new MultipartUpload(options.store, key, options.headers, options.checksums)
  }

  get count(): number {
    return this.#count
  }

  /**
   * Sends the next part, once there is room for it; what it has taken is given back, in any case.
   *
   * @throws Error one of the parts before could not be sent
   */
  async send(piece: GatheredPiece): Promise<void> {
    this.#count += 1
    const number = this.#count
    let isBegun = false
    try {
      await this.#inFlight.add(async () => {
        isBegun = true
        try {
          await this.#upload.send(number, piece)
        } finally {
          this.#options.buffers.give(piece.taken)
        }
      })
      this.#size += piece.size
    } finally {
      if (!isBegun) this.#options.buffers.give(piece.taken)
    }
  }

  /** @returns the object's size in bytes */
  async complete(): Promise<number> {
    await this.#inFlight.settle()
    this.#inFlight.throwIfFailed()
    await this.#upload.complete(this.#options.isNamedByContent === true)
    return this.#size
  }

  /** Never rejects. */
  async abort(): Promise<void> {
    await this.#inFlight.settle()
    await this.#upload.abort()
  }
}
