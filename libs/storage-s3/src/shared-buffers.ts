import type { ByteBudget } from '@berth/bytes'
import { BlockPool } from './block-pool.ts'
import { PieceBytes, slowMs } from './piece-bytes.ts'

/** Of the budget nobody reserves this. */
const shareOfOthers = 1 / 4

interface Waiting {
  /** For which more is wanted; `undefined` where whoever waits holds none. */
  readonly piece: PieceBytes | undefined
  readonly bytes: number
  readonly settle: (isGranted: boolean) => void
}

export interface SharedBuffersOptions {
  /** Of which nobody else may wait for bytes. */
  readonly budget: ByteBudget
  readonly nowMs?: () => number
  /** Calls back later, once. */
  readonly after?: (ms: number, callBack: () => void) => void
}

/**
 * Divides a budget among pieces that are being gathered, so that neither slow clients nor many of them keep others from
 * getting on. Bytes are taken as they come, by as many clients as there are, until none is left. Then
 *
 * - whoever holds most is served first, so that some pieces become whole, rather than all stay halves;
 * - slow clients give back what they have not used;
 * - pieces of slow clients are asked for: to be handed out as they are, and so to be given back;
 * - where all wait for each other, the shortest piece is asked for.
 *
 * All bytes are in a piece that can be asked for, or on their way to the store, which ends: so nobody waits for ever.
 */
export class SharedBuffers {
  readonly #budget: ByteBudget
  /** Where the bytes of long pieces are. */
  readonly blocks = new BlockPool()
  readonly nowMs: () => number
  readonly #after: (ms: number, callBack: () => void) => void
  /** Those that hold bytes, and were not asked for. */
  readonly #pieces = new Set<PieceBytes>()
  #waiting: Waiting[] = []
  #willLookAgain = false

  constructor({ budget, nowMs = () => performance.now(), after = afterTimeout }: SharedBuffersOptions) {
    this.#budget = budget
    this.nowMs = nowMs
    this.#after = after
  }

  /** The bytes that may be out at any moment. */
  get limit(): number {
    return this.#budget.limit
  }

  /** Begins a piece, which holds nothing yet. */
  begin(): PieceBytes {
    return new PieceBytes(this)
  }

  /**
   * Waits until `bytes` are free and takes them, for what ends without waiting for a client; not to be called while
   * holding any.
   *
   * @returns what was taken, for `give`: no more than there are
   * @throws the signal's reason, once it is aborted; nothing is taken then
   */
  async take(bytes: number, signal?: AbortSignal): Promise<number> {
    await this.#wait(undefined, bytes, signal)
    return Math.min(bytes, this.limit)
  }

  /** @returns what was taken, for `give`; `undefined` where `take` would have waited */
  tryTake(bytes: number): number | undefined {
    return this.#waiting.length > 0 ? undefined : this.#budget.tryTake(bytes)
  }

  /** As `tryTake`, past those who wait: for what is on its way at once, and with it what is held already. */
  tryTakeFirst(bytes: number): number | undefined {
    return this.#budget.tryTake(bytes)
  }

  give(bytes: number): void {
    this.#budget.give(bytes)
    this.#serve()
  }

  /** Takes more for a piece if it is free and nobody waits. */
  tryGrow(piece: PieceBytes, bytes: number): boolean {
    if (this.tryTake(bytes) === undefined) return false
    this.#grew(piece, bytes)
    return true
  }

  /** As `tryGrow`, as long as something is left for those who come next. */
  tryReserve(piece: PieceBytes, bytes: number): boolean {
    const left = this.limit - this.#budget.taken - bytes
    return left >= this.limit * shareOfOthers && this.tryGrow(piece, bytes)
  }

  /** @returns `false` where the piece was asked for instead */
  grow(piece: PieceBytes, bytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    return this.#wait(piece, bytes, signal)
  }

  /** A piece is on its way, or was asked for: what it holds comes back. */
  end(piece: PieceBytes): void {
    if (this.#pieces.delete(piece)) this.#serve()
  }

  #grew(piece: PieceBytes, bytes: number): void {
    this.#pieces.add(piece)
    piece.hold(Math.min(bytes, this.limit))
  }

  #wait(piece: PieceBytes | undefined, bytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const onAbort = (): void => {
        this.#leave(entry)
        reject(signal?.reason as Error)
        this.#serve()
      }
      const settle = (isGranted: boolean): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve(isGranted)
      }
      const entry: Waiting = { piece, bytes: Math.min(bytes, this.limit), settle }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(entry)
      this.#serve()
    })
  }

  #leave(entry: Waiting): void {
    this.#waiting = this.#waiting.filter((each) => each !== entry)
  }

  #serve(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (this.#budget.tryTake(next.bytes) === undefined) {
        if (this.#trimOne()) continue
        break
      }
      this.#leave(next)
      if (next.piece !== undefined) {
        this.#grew(next.piece, next.bytes)
        next.piece.resume()
      }
      next.settle(true)
    }
    if (this.#waiting.length > 0) this.#askForMore()
  }

  /** Of those that hold as much the one that has waited longest. */
  #next(): Waiting | undefined {
    return this.#waiting.reduce<Waiting | undefined>(
      (most, each) => (most === undefined || (each.piece?.held ?? 0) > (most.piece?.held ?? 0) ? each : most),
      undefined,
    )
  }

  #receiving(): readonly PieceBytes[] {
    const waits = new Set(this.#waiting.map(({ piece }) => piece))
    return [...this.#pieces].filter((piece) => !waits.has(piece))
  }

  /** @returns whether anything was given back */
  #trimOne(): boolean {
    const nowMs = this.nowMs()
    for (const piece of this.#receiving()) {
      const unused = piece.isSlow(nowMs) ? piece.trim() : 0
      if (unused === 0) continue
      this.#budget.give(unused)
      return true
    }
    return false
  }

  #askForMore(): void {
    const receiving = this.#receiving()
    const nowMs = this.nowMs()
    const slow = receiving.filter((piece) => piece.isSlow(nowMs))
    // Some more than is waited for: a fast client goes on, and would have to wait for each chunk.
    const wanted = this.#waiting.reduce((sum, { bytes }) => sum + bytes, this.limit / 8)
    // The longest first: as few requests as can be.
    for (const piece of slow.toSorted((one, other) => other.held - one.held)) {
      if (this.limit - this.#held() >= wanted) return
      this.#ask(piece)
    }
    if (receiving.length > slow.length) this.#lookAgain()
    else if (this.#held() === this.#budget.taken) this.#askShortest()
  }

  /** All wait for each other. */
  #askShortest(): void {
    const [shortest] = [...this.#pieces].toSorted((one, other) => one.held - other.held)
    if (shortest !== undefined) this.#ask(shortest)
  }

  #ask(piece: PieceBytes): void {
    this.#pieces.delete(piece)
    piece.ask()
    const waiting = this.#waiting.find((each) => each.piece === piece)
    if (waiting === undefined) return
    this.#leave(waiting)
    waiting.settle(false)
  }

  /** What pieces hold; anything else is on its way. */
  #held(): number {
    let held = 0
    for (const piece of this.#pieces) held += piece.held
    return held
  }

  /** When those that send now may be slow. */
  #lookAgain(): void {
    if (this.#willLookAgain) return
    this.#willLookAgain = true
    this.#after(slowMs, () => {
      this.#willLookAgain = false
      this.#serve()
    })
  }
}

function afterTimeout(ms: number, callBack: () => void): void {
  setTimeout(callBack, ms)
}
