import type { ByteStream } from '@berth/bytes'
import { translateFault } from '../requests/store-fault.ts'

/** Content whose faults are those of the driver. A reader that stops, even before it began, releases it. */
export class TranslatedContent implements AsyncIterableIterator<Uint8Array> {
  readonly #content: AsyncIterator<Uint8Array>
  readonly #path: string

  constructor(content: ByteStream, path: string) {
    this.#content = content[Symbol.asyncIterator]()
    this.#path = path
  }

  async next(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await this.#content.next()
    } catch (error) {
      throw translateFault(error, this.#path)
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#content.return?.()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
