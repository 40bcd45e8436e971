import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { ByteRange } from '@berth/bytes'
import { markedBy, newMark } from './found-object.ts'
import type { ObjectHeaders } from './object-headers.ts'
import { copySource, Objects } from './objects.ts'
import { bodyOf, checksumOf, type Piece } from '../gathering/piece.ts'
import type { Store } from '../requests/store.ts'
import { isStatus, StoreError } from '../requests/store-fault.ts'

/** An object being made of parts: not there until it is completed. Ends with `complete` or `abort`. */
export class MultipartUpload {
  readonly #store: Store
  readonly #key: string
  readonly #checksums: boolean
  readonly #mark = newMark()
  readonly #parts: CompletedPart[] = []
  #size = 0
  readonly #id: Promise<string>

  /** Begins it; whoever first needs it waits. */
  constructor(store: Store, key: string, headers: ObjectHeaders, checksums: boolean) {
    this.#store = store
    this.#key = key
    this.#checksums = checksums
    this.#id = this.#create(headers)
    this.#id.catch(() => {})
  }

  /**
   * @param number from 1, in the order of the bytes
   * @param onAgain called before it is sent again
   */
  async send(number: number, piece: Piece, onAgain?: () => void): Promise<void> {
    const address = await this.#address(number)
    const sum = this.#checksums ? { ChecksumCRC32: checksumOf(piece) } : {}
    const { ETag } = await this.#store.send('UploadPart', ({ client, options, earlier }) => {
      if (earlier > 0) onAgain?.()
      return client.send(new UploadPartCommand({ ...address, ...bodyOf(piece), ...sum }), options)
    })
    this.#store.observer.transferred('UploadPart', piece.size)
    this.#size += piece.size
    this.#parts.push({ PartNumber: number, ETag, ...sum })
  }

  /** @param range of the source; the whole where absent */
  async copy(number: number, source: string, size: number, range?: ByteRange): Promise<void> {
    const address = await this.#address(number)
    const { CopyPartResult } = await this.#store.send('UploadPartCopy', ({ client, options }) =>
      client.send(
        new UploadPartCopyCommand({
          ...address,
          CopySource: copySource(this.#store.bucket, source),
          ...(range && { CopySourceRange: `bytes=${range.start}-${range.end - 1}` }),
        }),
        options,
      ),
    )
    this.#store.observer.copied(size)
    this.#size += size
    const { ETag, ChecksumCRC32 } = CopyPartResult ?? {}
    this.#parts.push({ PartNumber: number, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) })
  }

  /** @param isNamedByContent whatever of the same size is at its key is the same */
  async complete(isNamedByContent: boolean): Promise<void> {
    const Parts = this.#parts.toSorted((one, other) => (one.PartNumber ?? 0) - (other.PartNumber ?? 0))
    const UploadId = await this.#id
    let mayBeDone = false
    try {
      await this.#store.send('CompleteMultipartUpload', ({ client, options, earlier }) => {
        mayBeDone = earlier > 0
        const address = { Bucket: this.#store.bucket, Key: this.#key, UploadId }
        return client.send(new CompleteMultipartUploadCommand({ ...address, MultipartUpload: { Parts } }), options)
      })
    } catch (error) {
      // The upload ends with its completion, so of one whose answer was lost nothing but the object tells.
      if (!mayBeDone || !(error instanceof StoreError) || !isStatus(error.cause, 404)) throw error
      const found = await new Objects(this.#store).find(this.#key)
      const isSame = found?.mark === this.#mark || (isNamedByContent && found?.size === this.#size)
      if (!isSame) throw error
    }
  }

  /** Never rejects: what cannot be aborted is left to the purge. To be called when no part is on its way. */
  async abort(): Promise<void> {
    try {
      const UploadId = await this.#id
      await this.#store.send('AbortMultipartUpload', ({ client, options }) =>
        client.send(new AbortMultipartUploadCommand({ Bucket: this.#store.bucket, Key: this.#key, UploadId }), options),
      )
    } catch {
      // Whoever aborts has a failure of its own to tell of.
    }
  }

  async #address(PartNumber: number) {
    return { Bucket: this.#store.bucket, Key: this.#key, UploadId: await this.#id, PartNumber }
  }

  async #create(headers: ObjectHeaders): Promise<string> {
    const { UploadId } = await this.#store.send('CreateMultipartUpload', ({ client, options }) =>
      client.send(
        new CreateMultipartUploadCommand({
          Bucket: this.#store.bucket,
          Key: this.#key,
          Metadata: markedBy(this.#mark),
          ...(this.#checksums && { ChecksumAlgorithm: 'CRC32' }),
          ...headers,
        }),
        options,
      ),
    )
    if (UploadId === undefined) throw new Error('the answer has no upload id')
    return UploadId
  }
}
