import type { ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { ByteBudget } from '@berth/bytes'

/** Size in bytes up to which answers are not counted. */
export const smallAnswer = 64 * 1024
/** Maximum memory of the large answers that clients have not taken yet, in bytes. */
const maxHeldBytes = 64 * 1024 * 1024

/** Whom an answer is for. */
interface Answered {
  readonly response: ServerResponse
  readonly clientNetwork: string
  readonly signal: AbortSignal
}

/** Answers that are in memory as a whole until their clients have taken them. Each client has a share of that memory. */
export class HeldAnswers {
  readonly #budget: ByteBudget
  /**
   * How often each body is being sent. A body that a cache has is sent many times at once, and takes memory once; not
   * over TLS, where each connection holds it encrypted.
   */
  readonly #sending = new Map<Uint8Array, { count: number; readonly release: () => void }>()

  /** @param patienceMs maximum time that an answer waits for room, in milliseconds */
  constructor(patienceMs: number) {
    this.#budget = new ByteBudget(maxHeldBytes, { patienceMs })
  }

  /** Counts an answer until its response is closed. @returns whether there was room for it */
  tryHold({ response, clientNetwork }: Answered, body: Uint8Array | string): boolean {
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
    if (bytes <= smallAnswer || isOver(response)) return true
    const isCopied = typeof body === 'string' || isEncrypted(response)
    const sending = isCopied ? undefined : this.#sending.get(body)
    if (sending === undefined) {
      const share = this.#budget.share(clientNetwork)
      const taken = share.tryTake(bytes)
      if (taken === undefined) return false
      const release = (): void => share.give(taken)
      if (isCopied) response.once('close', release)
      else this.#sent(response, body, { count: 0, release })
    } else this.#sent(response, body as Uint8Array, sending)
    return true
  }

  /** Waits for room for an answer, and counts it until its response is closed. @throws as `ByteShare.take` */
  async hold({ response, clientNetwork, signal }: Answered, bytes: number): Promise<void> {
    const share = this.#budget.share(clientNetwork)
    const taken = await share.take(bytes, signal)
    const release = (): void => share.give(taken)
    if (isOver(response)) release()
    else response.once('close', release)
  }

  #sent(response: ServerResponse, body: Uint8Array, sending: { count: number; readonly release: () => void }): void {
    sending.count += 1
    this.#sending.set(body, sending)
    response.once('close', () => {
      sending.count -= 1
      if (sending.count > 0) return
      this.#sending.delete(body)
      sending.release()
    })
  }
}

function isOver(response: ServerResponse): boolean {
  return response.closed || response.destroyed
}

function isEncrypted({ socket }: ServerResponse): boolean {
  return (socket as Partial<TLSSocket> | null)?.encrypted === true
}
