import type { ByteBudget } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import { BlockPool } from './block-pool.ts'
import { PieceBytes, slowMs } from './piece-bytes.ts'

/** The part of the budget that no piece reserves. */
const shareOfOthers = 1 / 4

interface Waiting {
  /** The piece that more is wanted for. `undefined`: the process's own work, which holds nothing. */
  readonly piece: PieceBytes | undefined
  readonly bytes: number
  readonly sinceMs: number
  readonly settle: (isGranted: boolean) => void
}

/** The bytes that one client holds: in pieces that are being gathered, and in pieces on their way to the store. */
export class BufferShare {
  readonly key: string | undefined
  held = 0
  /** Number of pieces that are being gathered. */
  pieces = 0

  constructor(key: string | undefined) {
    this.key = key
  }
}

export interface SharedBuffersOptions {
  /** Nothing else may wait for bytes of this budget. A piece waits no longer than the budget's patience. */
  readonly budget: ByteBudget
  readonly nowMs?: () => number
  /** Calls back once, after some milliseconds. @returns a function that forgets the call */
  readonly after?: (ms: number, callBack: () => void) => () => void
}

/**
 * Divides a budget among pieces that are being gathered, so that neither slow clients nor greedy ones keep others from
 * getting on. A client may have any bytes that are free. When none are left:
 *
 * - the process's own work is served first, since it ends without waiting for a client;
 * - then the client that holds least is served, and of its pieces the one that holds most, so that some pieces become
 *   whole, rather than all stay halves;
 * - slow clients give back what they have not used;
 * - pieces of slow clients are asked for: each is handed out as it is, and is given back when the store has it. The
 *   longest pieces of the client that holds most come first;
 * - if a client still waits after that, pieces of a client that holds more are asked for, slow or not;
 * - if all pieces wait for each other, the shortest one of the client that holds most is asked for.
 *
 * All bytes are in a piece that can be asked for, or on their way to the store, which ends. So no request waits forever.
 */
export class SharedBuffers {
  readonly #budget: ByteBudget
  /** Memory for the bytes of long pieces. */
  readonly blocks = new BlockPool()
  readonly nowMs: () => number
  readonly #after: (ms: number, callBack: () => void) => () => void
  /** The clients that have pieces, by their keys. */
  readonly #shares = new Map<string | undefined, BufferShare>()
  /** The pieces that hold bytes, and were not asked for. */
  readonly #pieces = new Set<PieceBytes>()
  #waiting: Waiting[] = []
  #willLookAgain = false

  constructor({ budget, nowMs = () => performance.now(), after = afterTimeout }: SharedBuffersOptions) {
    this.#budget = budget
    this.nowMs = nowMs
    this.#after = after
  }

  /** Maximum number of bytes that are out at any moment. */
  get limit(): number {
    return this.#budget.limit
  }

  /** Begins a piece, which holds nothing yet. @param key names the client whose piece it is */
  begin(key?: string): PieceBytes {
    const share = this.#shares.get(key) ?? new BufferShare(key)
    share.pieces += 1
    this.#shares.set(key, share)
    return new PieceBytes(this, share)
  }

  /**
   * Waits until `bytes` are free and takes them for the process's own work, which must end without waiting for a client,
   * and must hold no other bytes meanwhile.
   *
   * @returns what was taken, for `give`: at most `limit`
   * @throws the signal's reason, once it is aborted; nothing is taken then
   */
  async take(bytes: number, signal?: AbortSignal): Promise<number> {
    await this.#wait(undefined, bytes, signal)
    return Math.min(bytes, this.limit)
  }

  /** @returns what was taken, for `give`; `undefined` where `take` would have waited */
  tryTake(bytes: number, share?: BufferShare): number | undefined {
    return this.#waiting.length > 0 ? undefined : this.tryTakeFirst(bytes, share)
  }

  /** Like `tryTake`, also if others wait: for bytes that are sent at once, together with bytes that are held already. */
  tryTakeFirst(bytes: number, share?: BufferShare): number | undefined {
    const taken = this.#budget.tryTake(bytes)
    if (taken !== undefined && share !== undefined) this.#count(share, taken)
    return taken
  }

  /** @param share the client that the bytes were taken for; `undefined`: the process's own work */
  give(bytes: number, share?: BufferShare): void {
    if (share !== undefined) this.#count(share, -bytes)
    this.#budget.give(bytes)
    this.#serve()
  }

  /** Takes more for a piece if it is free and no request waits. */
  tryGrow(piece: PieceBytes, bytes: number): boolean {
    const taken = this.tryTake(bytes)
    if (taken === undefined) return false
    this.#grew(piece, taken)
    return true
  }

  /** Like `tryGrow`, as long as something is left for those who come next. */
  tryReserve(piece: PieceBytes, bytes: number): boolean {
    const left = this.limit - this.#budget.taken - bytes
    return left >= this.limit * shareOfOthers && this.tryGrow(piece, bytes)
  }

  /**
   * @returns `false` if the piece was asked for instead
   * @throws RegistryError UNAVAILABLE: it waited longer than the budget's patience
   * @throws the signal's reason, once it is aborted
   */
  grow(piece: PieceBytes, bytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    return this.#wait(piece, bytes, signal)
  }

  /** A piece is on its way, or was given up: what it holds comes back. */
  end(piece: PieceBytes): void {
    piece.share.pieces -= 1
    this.#forgetIdle(piece.share)
    if (this.#pieces.delete(piece)) this.#serve()
  }

  #count(share: BufferShare, bytes: number): void {
    share.held += bytes
    this.#forgetIdle(share)
  }

  #forgetIdle({ key, held, pieces }: BufferShare): void {
    if (held === 0 && pieces === 0) this.#shares.delete(key)
  }

  #grew(piece: PieceBytes, bytes: number): void {
    this.#pieces.add(piece)
    this.#count(piece.share, bytes)
    piece.hold(bytes)
  }

  #wait(piece: PieceBytes | undefined, bytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const settle = (isGranted: boolean): void => {
        forgetPatience?.()
        signal?.removeEventListener('abort', onAbort)
        resolve(isGranted)
      }
      const leave = (reason: unknown): void => {
        forgetPatience?.()
        signal?.removeEventListener('abort', onAbort)
        this.#leave(entry)
        reject(reason as Error)
        this.#serve()
      }
      const onAbort = (): void => leave(signal?.reason)
      const onLate = (): void => leave(new RegistryError('UNAVAILABLE', { reason: 'no memory was free in time' }))
      const { patienceMs } = this.#budget
      const forgetPatience =
        piece === undefined || patienceMs === Infinity ? undefined : this.#after(patienceMs, onLate)
      const entry: Waiting = { piece, bytes: Math.min(bytes, this.limit), sinceMs: this.nowMs(), settle }
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

  /** The request that is served next. */
  #next(): Waiting | undefined {
    return this.#waiting.reduce<Waiting | undefined>(
      (first, each) => (first === undefined || isBefore(each, first) ? each : first),
      undefined,
    )
  }

  /** The pieces whose clients send now. */
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
      this.#count(piece.share, -unused)
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
    for (const piece of slow.toSorted(mostFirst)) {
      if (this.limit - this.#held() >= wanted) return
      this.#ask(piece)
    }
    this.#askGreedier(receiving, nowMs)
    if (receiving.length > slow.length) this.#lookAgain()
    else if (this.#held() === this.#budget.taken) this.#askShortest()
  }

  /** Asks for pieces of clients that hold more than the one that is next, if that one has waited for some time. */
  #askGreedier(receiving: readonly PieceBytes[], nowMs: number): void {
    const next = this.#next()
    if (next === undefined || nowMs - next.sinceMs < slowMs) return
    const mayHold = (next.piece?.share.held ?? 0) + next.bytes
    const greedier = receiving.filter((piece) => this.#pieces.has(piece) && piece.share.held > mayHold)
    for (const piece of greedier.toSorted(mostFirst)) {
      if (this.limit - this.#held() >= next.bytes) return
      this.#ask(piece)
    }
  }

  /** All pieces wait for each other. */
  #askShortest(): void {
    const [shortest] = [...this.#pieces].toSorted(
      (one, other) => other.share.held - one.share.held || one.held - other.held,
    )
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

  /** The bytes of pieces that were not asked for. All other bytes are on their way. */
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

/** Whether a request is served before an earlier one. */
function isBefore(later: Waiting, earlier: Waiting): boolean {
  if (earlier.piece === undefined) return false
  if (later.piece === undefined) return true
  const more = earlier.piece.share.held - later.piece.share.held
  return more > 0 || (more === 0 && later.piece.held > earlier.piece.held)
}

/** Pieces of the client that holds most come first, and of these the longest. */
function mostFirst(one: PieceBytes, other: PieceBytes): number {
  return other.share.held - one.share.held || other.held - one.held
}

function afterTimeout(ms: number, callBack: () => void): () => void {
  const timer = setTimeout(callBack, ms)
  return () => clearTimeout(timer)
}
