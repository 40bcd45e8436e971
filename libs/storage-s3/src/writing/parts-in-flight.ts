import type { GatheredPiece } from '../gathering/gatherer.ts'
import { MultipartUpload } from '../objects/multipart-upload.ts'
import { PiecesInFlight } from './pieces-in-flight.ts'
import type { WriteOptions } from './write-object.ts'

/** Sends the parts of one object, several at a time. Ends with `complete` or `abort`. */
export class PartsInFlight {
  readonly #options: WriteOptions
  readonly #upload: MultipartUpload
  readonly #pieces: PiecesInFlight
  #count = 0
  #size = 0

  constructor(options: WriteOptions, key: string) {
    this.#options = options
    this.#pieces = new PiecesInFlight(options.buffers)
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
    await this.#pieces.add(piece, (onAgain) => this.#upload.send(number, piece, onAgain))
    this.#size += piece.size
  }

  /** @returns the object's size in bytes */
  async complete(): Promise<number> {
    await this.#pieces.finish()
    await this.#upload.complete(this.#options.isNamedByContent === true)
    return this.#size
  }

  /** Never rejects. */
  async abort(): Promise<void> {
    await this.#pieces.settle()
    await this.#upload.abort()
  }
}
