import { randomBytes } from 'node:crypto'
import { CopyObjectCommand, DeleteObjectsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { collectChecked } from './object-answer.ts'
import type { ObjectHeaders } from './object-headers.ts'
import { bodyOf, checksumOf, type Piece } from './piece.ts'
import type { Store } from './store.ts'
import { isConditionFailed, StoreError } from './store-fault.ts'

/** How many objects one request removes. */
const deletionBatch = 1000
/** Under this name an object has the random mark of the request that made it. */
export const markName = 'berth-mark'

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
    await this.#put(key, piece, options, {})
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
    const mark = randomBytes(12).toString('hex')
    let mayBeDone = false
    try {
      const piece = { chunks: [content], size: content.byteLength }
      return await this.#put(key, piece, options, { ...condition, Metadata: { [markName]: mark } }, (earlier) => {
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
  async find(key: string, signal?: AbortSignal) {
    try {
      return await this.#store.send(
        'HeadObject',
        async ({ direct, options }) => {
          const answer = await direct.ask({ method: 'HEAD', key }, options.abortSignal)
          await answer.collect(0)
          return {
            size: answer.contentLength ?? 0,
            modifiedAtMs: Date.parse(answer.header('last-modified') ?? '') || 0,
            tag: answer.header('etag') ?? '',
            mark: answer.header(`x-amz-meta-${markName}`),
          }
        },
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
          ...headers,
        }),
        options,
      )
    })
    this.#store.observer.copied(size)
  }

  /** Removes objects; what is not there is no error. */
  async remove(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += deletionBatch) {
      const batch = keys.slice(start, start + deletionBatch)
      await this.#store.send('DeleteObjects', async ({ client, options }) => {
        const { Errors = [] } = await client.send(
          new DeleteObjectsCommand({
            Bucket: this.#store.bucket,
            Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true },
          }),
          options,
        )
        const failed = Errors.filter(({ Code }) => Code !== 'NoSuchKey')
        if (failed[0] !== undefined) throw new Error(`${failed[0].Code}: ${failed[0].Message} (${failed.length} keys)`)
      })
    }
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
  return `${bucket}/${encodeURI(key)}`
}
