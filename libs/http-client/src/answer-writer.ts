import { OutgoingMessage } from 'node:http'

/** What takes the body of an answer: a response, a socket, or anything like them. */
export interface BodySink {
  /** Bytes that were written and not taken yet. */
  readonly writableLength: number
  /** @param done to be called when `content`, which is somebody else's, is not needed any more */
  write(content: Buffer, done: (error?: Error | null) => void): unknown
  cork(): void
  uncork(): void
}

/** Where the body of an answer goes. */
export interface AnswerTarget {
  readonly sink: BodySink
  /** Called before bytes are written: after the first nobody else can be asked for the whole. */
  readonly onWrite: (bytes: number) => void
}

/** Writes to a client what belongs to somebody else, and knows when the client's connection has taken it. */
export class AnswerWriter {
  readonly #target: AnswerTarget
  readonly #onIdle: () => void
  #unwritten = 0
  readonly #write = (content: Buffer): void => {
    const { sink, onWrite } = this.#target
    onWrite(content.byteLength)
    this.#unwritten++
    sink.write(content, this.#onWritten)
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
    return this.#unwritten === 0 || this.#target.sink.writableLength === 0
  }

  /** Lets `produce` write, and hands it all to the system at once: a fast client has it then, and no callback is due. */
  write<T>(produce: (write: (content: Buffer) => void) => T): T {
    const { sink } = this.#target
    const corked = sink instanceof OutgoingMessage ? sink.socket : sink
    corked?.cork()
    try {
      return produce(this.#write)
    } finally {
      corked?.uncork()
    }
  }
}
