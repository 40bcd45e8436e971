import type { ServerResponse } from 'node:http'

/** Where the body of an answer goes. */
export interface AnswerTarget {
  readonly response: ServerResponse
  /** Called before the first byte of it: from then on nobody else can be asked. */
  readonly begin: () => void
}

/** Writes to a client what belongs to somebody else, and knows when the client's connection has taken it. */
export class AnswerWriter {
  readonly #target: AnswerTarget
  readonly #onIdle: () => void
  #unwritten = 0
  readonly #write = (content: Buffer): void => {
    const { response, begin } = this.#target
    if (!response.headersSent) begin()
    this.#unwritten++
    response.write(content, this.#onWritten)
  }
  readonly #onWritten = (): void => {
    this.#unwritten--
    if (this.#unwritten === 0) this.#onIdle()
  }

  /** @param onIdle called whenever all was taken, though perhaps long after `isIdle` said so */
  constructor(target: AnswerTarget, onIdle: () => void) {
    this.#target = target
    this.#onIdle = onIdle
  }

  /** Whether nothing refers to what was written. */
  get isIdle(): boolean {
    return this.#unwritten === 0 || this.#target.response.writableLength === 0
  }

  /** Lets `produce` write, and hands it all to the system at once: a fast client has it then, and no callback is due. */
  write<T>(produce: (write: (content: Buffer) => void) => T): T {
    const { socket } = this.#target.response
    socket?.cork()
    try {
      return produce(this.#write)
    } finally {
      socket?.uncork()
    }
  }
}
