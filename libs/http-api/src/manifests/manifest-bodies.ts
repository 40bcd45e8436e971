import { ByteBudget, type ByteShare, type ByteStream, collect } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import type { Exchange } from '../exchange/exchange.ts'

/** Memory that a chunk of a body takes beside its bytes, in bytes. */
const chunkOverhead = 256
/** Rate at which a body has to arrive after its grace, in bytes per millisecond. */
const minRate = 64

export interface ManifestBodiesOptions {
  /** What all bodies together hold. Default: 64 MiB, for which a client waits 10 s. */
  readonly budget?: ByteBudget
  /** Time that each body may take, whatever its size, in milliseconds. Default: 10 s. */
  readonly graceMs?: number
}

/**
 * Manifests that are being received. Of all bodies, only these are held in memory as a whole. Each client has a share of
 * what they may hold together, and each body has to arrive in time, so that no client keeps others out.
 */
export class ManifestBodies {
  readonly #budget: ByteBudget
  readonly #graceMs: number

  constructor({ budget, graceMs = 10_000 }: ManifestBodiesOptions = {}) {
    this.#budget = budget ?? new ByteBudget(64 * 1024 * 1024, { patienceMs: 10_000 })
    this.#graceMs = graceMs
  }

  /**
   * Receives a body and gives it to `use`. Its memory is counted until `use` has ended.
   *
   * @throws RegistryError SIZE_INVALID: it has more than `limit` bytes
   * @throws RegistryError REQUEST_TIMEOUT: it arrives too slowly
   * @throws RegistryError UNAVAILABLE: other bodies, most likely of the same client, hold too much
   */
  async receive<T>(exchange: Exchange, limit: number, use: (content: Uint8Array) => Promise<T>): Promise<T> {
    const body = new HeldBody(this.#budget.share(exchange.clientNetwork), this.#graceMs, exchange.signal)
    try {
      return await use(await collect(body.receive(exchange.body()), limit))
    } finally {
      body.release()
    }
  }
}

/** One body on its way. The time that it waits for memory does not count for its deadline. */
class HeldBody {
  readonly #share: ByteShare
  readonly #graceMs: number
  readonly #signal: AbortSignal
  #taken = 0
  #received = 0
  #startedMs = performance.now()
  #isWaiting = false
  #timer: NodeJS.Timeout | undefined
  #late: RegistryError | undefined
  #onLate: (late: RegistryError) => void = () => {}

  constructor(share: ByteShare, graceMs: number, signal: AbortSignal) {
    this.#share = share
    this.#graceMs = graceMs
    this.#signal = signal
  }

  async *receive(body: ByteStream): ByteStream {
    const source = body[Symbol.asyncIterator]()
    this.#checkAfter(this.#graceMs)
    try {
      for (let step = await this.#next(source); step.done !== true; step = await this.#next(source)) {
        await this.#hold(step.value.byteLength + chunkOverhead)
        this.#received += step.value.byteLength
        yield step.value
      }
    } finally {
      clearTimeout(this.#timer)
      // Not waited for: a source that waits for a slow client answers only after that.
      Promise.resolve(source.return?.()).catch(() => {})
    }
  }

  /** Gives back what the body has taken. */
  release(): void {
    if (this.#taken > 0) this.#share.give(this.#taken)
    this.#taken = 0
  }

  /** The next chunk, unless the body is late before it comes. */
  #next(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#onLate = reject
      if (this.#late !== undefined) reject(this.#late)
      else source.next().then(resolve, reject)
    })
  }

  async #hold(bytes: number): Promise<void> {
    const taken = this.#share.tryTake(bytes)
    if (taken !== undefined) {
      this.#taken += taken
      return
    }
    const sinceMs = performance.now()
    this.#isWaiting = true
    try {
      this.#taken += await this.#share.take(bytes, this.#signal)
    } finally {
      this.#isWaiting = false
      this.#startedMs += performance.now() - sinceMs
    }
  }

  #checkAfter(ms: number): void {
    this.#timer = setTimeout(() => {
      const leftMs = this.#startedMs + this.#graceMs + this.#received / minRate - performance.now()
      if (this.#isWaiting) this.#checkAfter(this.#graceMs)
      else if (leftMs > 0) this.#checkAfter(leftMs)
      else {
        this.#late = new RegistryError('REQUEST_TIMEOUT', { received: this.#received })
        this.#onLate(this.#late)
      }
    }, ms)
  }
}
