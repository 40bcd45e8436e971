import type { BufferShare, SharedBuffers } from './shared-buffers.ts'

/** A client is slow that sends less than so much in so long. */
const slowBytes = 64 * 1024
export const slowMs = 250

/** What a piece that is being gathered holds of the shared buffers. Ends with `end`. */
export class PieceBytes {
  /** Whose piece it is. */
  readonly share: BufferShare
  readonly #buffers: SharedBuffers
  #received = 0
  /** Of the piece's bytes when its client was last seen to send enough, and since when. */
  #mark = 0
  #sinceMs = 0
  #held = 0
  #isSlow = false
  #isAsked = false
  #isOver = false
  #onAsked: () => void = () => {}

  constructor(buffers: SharedBuffers, share: BufferShare) {
    this.#buffers = buffers
    this.share = share
  }

  /** Bytes: those that it has, and some that are soon to come. */
  get held(): number {
    return this.#held
  }

  /**
   * Takes room for more that has come, and waits for it. A client that is not slow has all that its piece needs at once,
   * so that of many some get their piece together, rather than all a bit of it.
   *
   * @param least so much is enough for it not to wait
   * @returns `false` where it is to be handed out as it is
   * @throws the signal's reason, once it is aborted
   */
  async grow(bytes: number, least: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#isAsked) return false
    const missing = this.#received + bytes - this.#held
    if (missing > 0) {
      const wanted = this.#maySoonBeWhole()
        ? Math.max(missing, Math.min(least, this.#buffers.limit) - this.#held)
        : missing
      const isEnough = this.#received >= least
      if (!this.#buffers.tryGrow(this, wanted) && (isEnough || !(await this.#buffers.grow(this, wanted, signal))))
        return false
    }
    if (this.#received === 0) this.resume()
    this.#received += bytes
    if (this.#received >= this.#mark + slowBytes) this.resume()
    return true
  }

  /** @returns `undefined` where the piece is to be handed out before `more` comes; `more` is not lost then */
  async unlessAsked<T>(more: Promise<T>): Promise<T | undefined> {
    if (this.#held === 0) return more
    if (this.#isAsked) return undefined
    return new Promise((resolve, reject) => {
      this.#onAsked = () => resolve(undefined)
      more.then(resolve, reject)
    })
  }

  /** Takes room for all of a piece, if others have enough beside it. @returns whether it has it */
  reserve(size: number): boolean {
    const missing = size - this.#held
    return missing <= 0 || this.#buffers.tryReserve(this, missing)
  }

  /** Has what it needs, and no more. */
  giveUnused(): void {
    this.#buffers.give(this.trim(), this.share)
  }

  /** @returns what it held, to be given back when it is sent */
  end(): number {
    this.#isOver = true
    this.#buffers.end(this)
    return this.#held
  }

  /** Whether its client has sent too little for one that is not slow. To be called by the buffers, as what follows. */
  isSlow(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= slowMs
  }

  hold(bytes: number): void {
    this.#held += bytes
  }

  /** It is seen anew whether its client is slow. */
  resume(): void {
    this.#mark = this.#received
    this.#sinceMs = this.#buffers.nowMs()
  }

  /** Has no more than it has received, from now on. @returns what it has too much */
  trim(): number {
    if (this.#isOver) return 0
    const unused = this.#held - Math.min(this.#held, this.#received)
    this.#held -= unused
    this.#isSlow = true
    return unused
  }

  ask(): void {
    this.#isAsked = true
    this.#onAsked()
  }

  #maySoonBeWhole(): boolean {
    return !this.#isSlow && this.#received >= slowBytes && !this.isSlow(this.#buffers.nowMs())
  }
}
