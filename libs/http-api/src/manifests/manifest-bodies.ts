import { ByteBudget, type ByteShare, type ByteStream, collect } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import type { Exchange } from '../exchange/exchange.ts'

/** Memory that a chunk of a body takes beside its bytes, in bytes. */
const chunkOverhead = 256
/** Rate at which a body has to arrive after its grace, in bytes per millisecond. */
const minRate = 64

/** Memory beside the budget for a body that is received to its end because all others of its client wait, in bytes. */
const finishingBytes = 5 * 1024 * 1024
/** Maximum number of such bodies at a time in the process. */
const maxFinishing = 4

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
  readonly #clients = new Map<string, ClientBodies>()
  readonly #finishing = new Set<HeldBody>()

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
    const key = exchange.clientNetwork
    const client = this.#clients.get(key) ?? new ClientBodies(this.#finishing)
    this.#clients.set(key, client)
    const body = new HeldBody({
      share: this.#budget.share(key),
      graceMs: this.#graceMs,
      signal: exchange.signal,
      onChange: () => client.endDeadlock(),
    })
    client.bodies.add(body)
    try {
      return await use(await collect(body.receive(exchange.body()), limit))
    } finally {
      client.bodies.delete(body)
      if (client.bodies.size === 0) this.#clients.delete(key)
      this.#finishing.delete(body)
      body.release()
    }
  }
}

/** The bodies of one client. Each takes memory as it arrives, so all of them may come to wait for one another. */
class ClientBodies {
  readonly bodies = new Set<HeldBody>()
  readonly #finishing: Set<HeldBody>

  /** @param finishing the bodies of all clients that are received beside the budget */
  constructor(finishing: Set<HeldBody>) {
    this.#finishing = finishing
  }

  /** Where every body that holds memory waits for more, lets the first of them go on without waiting. */
  endDeadlock(): void {
    const holding = [...this.bodies].filter((body) => body.isHolding)
    const [first] = holding
    if (first === undefined || !holding.every((body) => body.isWaiting)) return
    // One that waits again has come in chunks that are too small.
    if (this.#finishing.size >= maxFinishing || holding.some((body) => this.#finishing.has(body))) return
    this.#finishing.add(first)
    first.finish()
  }
}

interface HeldBodyParts {
  readonly share: ByteShare
  readonly graceMs: number
  readonly signal: AbortSignal
  /** Called when the body begins to wait for memory, and when it has given memory back. */
  readonly onChange: () => void
}

/** One body on its way. The time that it waits for memory does not count for its deadline. */
class HeldBody {
  readonly #share: ByteShare
  readonly #graceMs: number
  readonly #signal: AbortSignal
  readonly #onChange: () => void
  #taken = 0
  #received = 0
  #startedMs = performance.now()
  /** Aborted to end the wait for memory. */
  #waiting: AbortController | undefined
  /** Bytes that it may hold beside the budget. */
  #allowance = 0
  #timer: NodeJS.Timeout | undefined
  #late: RegistryError | undefined
  #onLate: (late: RegistryError) => void = () => {}

  constructor({ share, graceMs, signal, onChange }: HeldBodyParts) {
    this.#share = share
    this.#graceMs = graceMs
    this.#signal = signal
    this.#onChange = onChange
  }

  get isHolding(): boolean {
    return this.#taken > 0
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** Ends the wait for memory: the body is received to its end without taking more of the budget. */
  finish(): void {
    this.#allowance = finishingBytes
    this.#waiting?.abort(finishing)
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
    this.#onChange()
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
    if (this.#allowance >= bytes) {
      this.#allowance -= bytes
      return
    }
    const taken = this.#share.tryTake(bytes)
    if (taken === undefined) await this.#wait(bytes)
    else this.#taken += taken
  }

  async #wait(bytes: number): Promise<void> {
    const sinceMs = performance.now()
    const waiting = new AbortController()
    this.#waiting = waiting
    try {
      const taken = this.#share.take(bytes, AbortSignal.any([this.#signal, waiting.signal]))
      this.#onChange()
      this.#taken += await taken
    } catch (error) {
      if (error !== finishing) throw error
      this.#allowance -= bytes
    } finally {
      this.#waiting = undefined
      this.#startedMs += performance.now() - sinceMs
    }
  }

  #checkAfter(ms: number): void {
    this.#timer = setTimeout(() => {
      const leftMs = this.#startedMs + this.#graceMs + this.#received / minRate - performance.now()
      if (this.isWaiting) this.#checkAfter(this.#graceMs)
      else if (leftMs > 0) this.#checkAfter(leftMs)
      else {
        this.#late = new RegistryError('REQUEST_TIMEOUT', { received: this.#received })
        this.#onLate(this.#late)
      }
    }, ms)
  }
}

/** Why a wait ended: the body may go on without more of the budget. */
const finishing = new Error('the body is received to its end')
