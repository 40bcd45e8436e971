import type { BodySink } from '@berth/http-client'

/** What hands its content to a sink. */
export interface Passing {
  passTo(sink: BodySink): Promise<void>
  close(reason: Error): void
}

/** Content as its reader asks for it: a chunk at a time, each a copy that is the reader's own. */
export class ChunkQueue implements BodySink, AsyncIterableIterator<Uint8Array> {
  readonly #source: Passing
  readonly #chunks: Buffer[] = []
  /** Of what was written since the reader last asked. */
  #taken: (() => void)[] = []
  #wake: (() => void) | undefined
  #state: 'idle' | 'passing' | 'ended' = 'idle'
  #failure: { readonly error: unknown } | undefined

  constructor(source: Passing) {
    this.#source = source
  }

  get writableLength(): number {
    return this.#taken.length
  }

  write(content: Buffer, done: () => void): void {
    this.#chunks.push(Buffer.from(content))
    this.#taken.push(done)
    this.#wake?.()
  }

  cork(): void {}

  uncork(): void {}

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#state === 'idle') this.#begin()
    while (this.#chunks.length === 0 && this.#state === 'passing') await this.#more()
    const value = this.#chunks.shift()
    if (value !== undefined) return { value, done: false }
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#state !== 'ended') this.#source.close(new Error('nobody reads on'))
    this.#end()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #begin(): void {
    this.#state = 'passing'
    this.#source.passTo(this).then(
      () => this.#end(),
      (error: unknown) => {
        if (this.#state === 'passing') this.#failure = { error }
        this.#end()
      },
    )
  }

  #end(): void {
    this.#state = 'ended'
    this.#wake?.()
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const taken = this.#taken
    this.#taken = []
    for (const done of taken) done()
    await promise
    this.#wake = undefined
  }
}
