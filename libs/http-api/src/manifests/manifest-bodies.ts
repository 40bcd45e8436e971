import { ByteBudget, type ByteStream, collect } from '@berth/bytes'
import { RegistryError } from '@berth/errors'
import type { Exchange } from '../exchange/exchange.ts'

/** Almost every manifest is smaller, and need not wait for any other. */
const freeSize = 64 * 1024

export interface ManifestBodiesOptions {
  /** What all large bodies may have in memory at a time. Default: 64 MiB. */
  readonly budget?: ByteBudget
  /** How long a large one waits for its turn. Default: 10 s. */
  readonly patienceMs?: number
}

/** Manifests that are being received: the one kind of body that is held in memory whole, so all of them are bounded. */
export class ManifestBodies {
  readonly #budget: ByteBudget
  readonly #patienceMs: number

  constructor({ budget = new ByteBudget(64 * 1024 * 1024), patienceMs = 10_000 }: ManifestBodiesOptions = {}) {
    this.#budget = budget
    this.#patienceMs = patienceMs
  }

  /**
   * Receives a body and gives it to `use`, until whose end it counts.
   *
   * @throws RegistryError SIZE_INVALID: it has more than `limit` bytes
   * @throws RegistryError UNAVAILABLE: it is large, and too many others are
   */
  async receive<T>(exchange: Exchange, limit: number, use: (content: Uint8Array) => Promise<T>): Promise<T> {
    let taken = 0
    const admitted = this.#admit(exchange, async () => {
      taken = await this.#take(limit, exchange.signal)
    })
    try {
      return await use(await collect(admitted, limit))
    } finally {
      this.#budget.give(taken)
    }
  }

  async *#admit(exchange: Exchange, beforeLarge: () => Promise<void>): ByteStream {
    let seen = 0
    for await (const chunk of exchange.body()) {
      if (seen <= freeSize && seen + chunk.byteLength > freeSize) await beforeLarge()
      seen += chunk.byteLength
      yield chunk
    }
  }

  async #take(bytes: number, signal: AbortSignal): Promise<number> {
    const patience = AbortSignal.timeout(this.#patienceMs)
    try {
      return await this.#budget.take(bytes, AbortSignal.any([signal, patience]))
    } catch (cause) {
      if (!patience.aborted || signal.aborted) throw cause
      throw new RegistryError('UNAVAILABLE', { reason: 'too many large manifests are being received' }, { cause })
    }
  }
}
