import { RegistryError } from '@berth/errors'

/** Part of a budget that only the budget's owner may take, not its shares. */
const reservedPart = 1 / 4
/** A share may hold this many times the bytes that all shares leave free: alone two thirds of what shares may have. */
const timesLeft = 2
/** Maximum number of keys that are remembered while nothing is taken or waited for under them. */
const maxIdleKeys = 1024

/** Where bytes for buffers are taken from: a budget, or a share of one. */
export interface ByteShare {
  /** Maximum number of bytes that a request is given. */
  readonly limit: number

  /**
   * Waits until `bytes` are free and takes them; a request for more than `limit` is given `limit`.
   *
   * @returns what was taken, for `give`
   * @throws the signal's reason, once it is aborted; nothing is taken then
   * @throws RegistryError UNAVAILABLE: a share waited longer than the budget's patience; nothing is taken then
   */
  take(bytes: number, signal?: AbortSignal): Promise<number>

  /**
   * Takes `bytes` if they are free now and no earlier request waits for them.
   *
   * @returns what was taken, for `give`; `undefined` where `take` would have waited
   */
  tryTake(bytes: number): number | undefined

  /** Gives back what `take` or `tryTake` returned. */
  give(bytes: number): void
}

export interface ByteBudgetOptions {
  /** Maximum time that a request of a share waits, in milliseconds. Default: no limit. */
  readonly patienceMs?: number
}

interface Waiting {
  readonly bytes: number
  readonly grant: () => void
}

/** What was taken under one key, and the requests that wait, in their order. */
class Lane {
  taken = 0
  readonly waiting: Waiting[] = []

  get isIdle(): boolean {
    return this.taken === 0 && this.waiting.length === 0
  }
}

/**
 * The bytes that a process lets its buffers have at any moment. Each buffer is taken here first and given back in the
 * end. The owner's own requests are served in order, so that small ones do not starve a large one.
 *
 * Clients take from shares, one for each key, so that no client keeps others waiting:
 *
 * - shares leave a quarter to the owner, whose requests are served first;
 * - a share that holds nothing gets whatever is free, so a new client begins at once;
 * - a share that holds something gets more as long as it holds at most twice what is left, so the more clients there
 *   are, the less each may hold, and something is always left for a new one;
 * - shares whose requests wait are served in turn, one request each.
 *
 * To be free of deadlocks, no request waits while its buffers that are out depend on it.
 */
export class ByteBudget implements ByteShare {
  /** Maximum number of bytes that are out at any moment. */
  readonly limit: number
  readonly #sharesLimit: number
  /** Maximum time that a request of a share waits, in milliseconds. */
  readonly patienceMs: number
  readonly #own = new Lane()
  readonly #lanes = new Map<string, Lane>()
  /** The shares with requests that wait. The first is served next. */
  readonly #turns: Lane[] = []
  /** Whether the first of them holds nothing and waits for others: what becomes free is for that one. */
  #isSaving = false
  #taken = 0

  constructor(limit: number, { patienceMs = Infinity }: ByteBudgetOptions = {}) {
    this.limit = limit
    this.#sharesLimit = Math.ceil(limit * (1 - reservedPart))
    this.patienceMs = patienceMs
  }

  /** The bytes that are out now. */
  get taken(): number {
    return this.#taken
  }

  /** What the client named by `key` takes from; without a key, the budget itself. */
  share(key: string | undefined): ByteShare {
    if (key === undefined) return this
    return {
      limit: this.#sharesLimit,
      take: (bytes, signal) => this.#takeShare(key, bytes, signal),
      tryTake: (bytes) => this.#tryTakeShare(key, bytes),
      give: (bytes) => this.#giveShare(key, bytes),
    }
  }

  async take(bytes: number, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted()
    const taken = this.tryTake(bytes)
    if (taken !== undefined) return taken
    return this.#wait(this.#own, Math.min(bytes, this.limit), signal, Infinity)
  }

  tryTake(bytes: number): number | undefined {
    const wanted = Math.min(bytes, this.limit)
    if (this.#own.waiting.length > 0 || !this.#mayTake(this.#own, wanted)) return undefined
    this.#grant(this.#own, wanted)
    return wanted
  }

  give(bytes: number): void {
    this.#giveTo(this.#own, bytes)
  }

  async #takeShare(key: string, bytes: number, signal: AbortSignal | undefined): Promise<number> {
    signal?.throwIfAborted()
    const taken = this.#tryTakeShare(key, bytes)
    if (taken !== undefined) return taken
    const lane = this.#laneOf(key)
    try {
      return await this.#wait(lane, Math.min(bytes, this.#sharesLimit), signal, this.patienceMs)
    } finally {
      this.#forgetIdle(key, lane)
    }
  }

  #tryTakeShare(key: string, bytes: number): number | undefined {
    const wanted = Math.min(bytes, this.#sharesLimit)
    if (this.#isSaving || this.#own.waiting.length > 0) return undefined
    const lane = this.#laneOf(key)
    if (lane.waiting.length === 0 && this.#mayTake(lane, wanted)) {
      this.#grant(lane, wanted)
      return wanted
    }
    this.#forgetIdle(key, lane)
    return undefined
  }

  #giveShare(key: string, bytes: number): void {
    const lane = this.#laneOf(key)
    this.#giveTo(lane, bytes)
    this.#forgetIdle(key, lane)
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane = new Lane()
    this.#lanes.set(key, lane)
    return lane
  }

  #forgetIdle(key: string, lane: Lane): void {
    if (this.#lanes.size > maxIdleKeys && lane.isIdle) this.#lanes.delete(key)
  }

  #mayTake(lane: Lane, bytes: number): boolean {
    if (lane === this.#own) return this.#taken + bytes <= this.limit
    const left = this.#sharesLimit - this.#taken
    return bytes <= left && (lane.taken === 0 || lane.taken + bytes <= left * timesLeft)
  }

  #grant(lane: Lane, bytes: number): void {
    lane.taken += bytes
    this.#taken += bytes
  }

  #giveTo(lane: Lane, bytes: number): void {
    lane.taken -= bytes
    this.#taken -= bytes
    this.#serve()
  }

  #wait(lane: Lane, bytes: number, signal: AbortSignal | undefined, patienceMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const leave = (reason: unknown): void => {
        settle()
        lane.waiting.splice(lane.waiting.indexOf(entry), 1)
        if (lane !== this.#own && lane.waiting.length === 0) this.#turns.splice(this.#turns.indexOf(lane), 1)
        reject(reason as Error)
        this.#serve()
      }
      const grant = (): void => {
        settle()
        resolve(bytes)
      }
      const entry = { bytes, grant }
      const onAbort = (): void => leave(signal?.reason)
      const onLate = (): void => leave(new RegistryError('UNAVAILABLE', { reason: 'no memory was free in time' }))
      const timer = patienceMs === Infinity ? undefined : setTimeout(onLate, patienceMs)
      signal?.addEventListener('abort', onAbort, { once: true })
      lane.waiting.push(entry)
      if (lane !== this.#own && lane.waiting.length === 1) this.#turns.push(lane)
      this.#serve()
    })
  }

  #serve(): void {
    const own = this.#own.waiting
    while (own[0] !== undefined && this.#mayTake(this.#own, own[0].bytes)) this.#serveNext(this.#own)
    if (own.length === 0) this.#serveShares()
  }

  #serveShares(): void {
    this.#isSaving = false
    const turns = this.#turns
    for (let passedOver = 0; passedOver < turns.length;) {
      const lane = turns[0] as Lane
      const isServed = this.#mayTake(lane, (lane.waiting[0] as Waiting).bytes)
      if (isServed) this.#serveNext(lane)
      else if (lane.taken === 0) {
        this.#isSaving = true
        return
      }
      turns.shift()
      if (lane.waiting.length > 0) turns.push(lane)
      passedOver = isServed ? 0 : passedOver + 1
    }
  }

  #serveNext(lane: Lane): void {
    const { bytes, grant } = lane.waiting.shift() as Waiting
    this.#grant(lane, bytes)
    grant()
  }
}
