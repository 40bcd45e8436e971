import { CopyObjectCommand } from '@aws-sdk/client-s3'
import { findObject, type FoundObject, markedBy, newMark } from './found-object.ts'
import { collectChecked } from '../requests/object-answer.ts'
import type { ObjectHeaders } from './object-headers.ts'
import type { Piece } from '../gathering/piece.ts'
import { type Condition, type ObjectPut, putObject } from './put-object.ts'
import { type Removal, removeObjects } from './remove-objects.ts'
import { escapeKey } from '../requests/sign-request.ts'
import type { Attempt, Store } from '../requests/store.ts'
import { isConditionFailed, StoreError } from '../requests/store-fault.ts'

export interface PutOptions {
  readonly headers: ObjectHeaders
  readonly checksums: boolean
  readonly signal?: AbortSignal | undefined
  /** Called before the content is sent again: the store may have it. */
  readonly onAgain?: (() => void) | undefined
}

/** Single requests about objects. What is thrown is a StoreError, or a signal's reason. */
export class Objects {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async put(key: string, piece: Piece, options: PutOptions): Promise<void> {
    await this.#put({ key, piece, mark: newMark(), ...options }, options.signal)
  }

  /**
   * Puts content if the condition holds.
   *
   * @returns the new object's tag; `undefined` where the condition does not hold. An attempt whose answer was lost makes
   * it fail for the next one, so what is there decides then
   */
  async putIf(
    key: string,
    content: Uint8Array,
    condition: Condition,
    options: PutOptions,
  ): Promise<string | undefined> {
    const mark = newMark()
    let mayBeDone = false
    try {
      const piece = { chunks: [content], size: content.byteLength }
      const onAgain = (): void => void (mayBeDone = true)
      return await this.#put({ key, piece, mark, condition, ...options, onAgain }, options.signal)
    } catch (error) {
      if (!(error instanceof StoreError) || !isConditionFailed(error.cause)) throw error
      if (!mayBeDone) return undefined
      const found = await this.find(key)
      return found?.mark === mark ? found.tag : undefined
    }
  }

  /** What is at a key, without its content. */
  async find(key: string, signal?: AbortSignal): Promise<FoundObject | undefined> {
    try {
      return await this.#store.send(
        'HeadObject',
        ({ direct, options }) => findObject(direct, key, options.abortSignal),
        signal,
      )
    } catch (error) {
      if (error instanceof StoreError && isConditionFailed(error.cause)) return undefined
      throw error
    }
  }

  /** Small content, and its tag. */
  async read(key: string, limit: number): Promise<{ readonly content: Uint8Array; readonly tag: string }> {
    // The body is read within the attempt, so that one that is cut off is read again.
    const read = await this.#store.send('GetObject', async ({ direct, options }) => {
      const answer = await direct.ask({ method: 'GET', key }, options.abortSignal)
      return { content: await collectChecked(answer, limit), tag: answer.header('etag') ?? '' }
    })
    this.#store.observer.transferred('GetObject', read.content.byteLength)
    return read
  }

  /** Copies an object whole, within the store. */
  async copy(from: string, size: number, to: string, headers: ObjectHeaders): Promise<void> {
    await this.#store.send('CopyObject', ({ client, options }) => {
      const source = copySource(this.#store.bucket, from)
      return client.send(
        new CopyObjectCommand({
          Bucket: this.#store.bucket,
          Key: to,
          CopySource: source,
          MetadataDirective: 'REPLACE',
          Metadata: markedBy(newMark()),
          ...headers,
        }),
        options,
      )
    })
    this.#store.observer.copied(size)
  }

  /** Removes objects; what is not there is no error. */
  async remove(removals: readonly Removal[]): Promise<void> {
    await removeObjects(this.#store, removals)
  }

  async #put(put: ObjectPut, signal: AbortSignal | undefined): Promise<string | undefined> {
    const attempt = (attempt: Attempt): Promise<string | undefined> => {
      if (attempt.earlier > 0) put.onAgain?.()
      return putObject(this.#store.bucket, attempt, put)
    }
    const tag = await this.#store.send('PutObject', attempt, signal)
    this.#store.observer.transferred('PutObject', put.piece.size)
    return tag
  }
}

export function copySource(bucket: string, key: string): string {
  return `${bucket}/${escapeKey(key)}`
}
