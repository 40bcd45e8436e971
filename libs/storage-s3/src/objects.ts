import { CopyObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { findObject, type FoundObject, markedBy, newMark } from './found-object.ts'
import { collectChecked } from './object-answer.ts'
import type { ObjectHeaders } from './object-headers.ts'
import { bodyOf, checksumOf, type Piece } from './piece.ts'
import { type Removal, removeObjects } from './remove-objects.ts'
import { escapeKey } from './sign-request.ts'
import type { Store } from './store.ts'
import { isConditionFailed, StoreError } from './store-fault.ts'

export interface PutOptions {
  readonly headers: ObjectHeaders
  readonly checksums: boolean
  readonly signal?: AbortSignal | undefined
}

/** A condition of a put: that nothing is there, or that what is there has this tag. */
export type Condition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string }

/** Single requests about objects. What is thrown is a StoreError, or a signal's reason. */
export class Objects {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async put(key: string, piece: Piece, options: PutOptions): Promise<void> {
    await this.#put(key, piece, options, { Metadata: markedBy(newMark()) })
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
      return await this.#put(key, piece, options, { ...condition, Metadata: markedBy(mark) }, (earlier) => {
        mayBeDone = earlier > 0
      })
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

  async #put(
    key: string,
    piece: Piece,
    { headers, checksums, signal }: PutOptions,
    more: (Condition | Record<never, never>) & { readonly Metadata?: Record<string, string> },
    onAttempt: (earlier: number) => void = () => {},
  ): Promise<string | undefined> {
    const sum = checksums ? { ChecksumCRC32: checksumOf(piece) } : {}
    const { ETag } = await this.#store.send(
      'PutObject',
      ({ client, options, earlier }) => {
        onAttempt(earlier)
        const command = { Bucket: this.#store.bucket, Key: key, ...bodyOf(piece), ...headers, ...sum, ...more }
        return client.send(new PutObjectCommand(command), options)
      },
      signal,
    )
    this.#store.observer.transferred('PutObject', piece.size)
    return ETag
  }
}

export function copySource(bucket: string, key: string): string {
  return `${bucket}/${escapeKey(key)}`
}
