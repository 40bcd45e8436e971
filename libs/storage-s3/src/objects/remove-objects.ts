import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3'
import type { DirectClient } from '../requests/direct-client.ts'
import { findObject, isSame, type ObjectVersion } from './found-object.ts'
import type { Store } from '../requests/store.ts'
import { isMissing } from '../requests/store-fault.ts'

/** How many objects one request removes. */
const mostKeys = 1000
/** Objects that are looked at again at once. */
const looksAtOnce = 16

export interface Removal {
  readonly key: string
  /**
   * How it was seen, where others may write it again: what they wrote after an attempt whose answer was lost is not
   * removed by the next one.
   */
  readonly seen?: ObjectVersion
}

/** Removes objects; what is not there is no error. @throws StoreError some of them are still there */
export async function removeObjects(store: Store, removals: readonly Removal[]): Promise<void> {
  for (let start = 0; start < removals.length; start += mostKeys) {
    const batch = new Batch(store.bucket, removals.slice(start, start + mostKeys))
    await store.send('DeleteObjects', async ({ client, direct, options, earlier }) => {
      if (earlier > 0) await batch.lookAgain(direct, options.abortSignal)
      await batch.remove(client, options)
    })
  }
}

/** Removed by one request, and those that failed by others. */
class Batch {
  readonly #bucket: string
  #left: readonly Removal[]

  constructor(bucket: string, removals: readonly Removal[]) {
    this.#bucket = bucket
    this.#left = removals
  }

  /** Leaves out what has become another, or is gone. */
  async lookAgain(direct: DirectClient, signal: AbortSignal | undefined): Promise<void> {
    const same: Removal[] = []
    for (let start = 0; start < this.#left.length; start += looksAtOnce) {
      const some = this.#left.slice(start, start + looksAtOnce)
      const areSame = await Promise.all(some.map((removal) => isAsSeen(direct, removal, signal)))
      same.push(...some.filter((_, index) => areSame[index]))
    }
    this.#left = same
  }

  async remove(client: S3Client, options: { readonly abortSignal?: AbortSignal }): Promise<void> {
    if (this.#left.length === 0) return
    const Objects = this.#left.map(({ key: Key }) => ({ Key }))
    const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } })
    const { Errors = [] } = await client.send(command, options)
    const failed = new Map(Errors.map((error) => [error.Key, error]))
    this.#left = this.#left.filter(({ key }) => (failed.get(key)?.Code ?? 'NoSuchKey') !== 'NoSuchKey')
    const codes = this.#left.map(({ key }) => failed.get(key)?.Code ?? '')
    // What is refused is refused again, whatever becomes of the others.
    const worst = codes.find((code) => statusOf(code) < 500) ?? codes[0]
    if (worst !== undefined) throw keyError(worst, codes.length)
  }
}

async function isAsSeen(direct: DirectClient, { key, seen }: Removal, signal?: AbortSignal): Promise<boolean> {
  if (seen === undefined) return true
  try {
    return isSame(seen, await findObject(direct, key, signal))
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** As the store would answer were the request about that key alone. */
function statusOf(code: string): number {
  if (['InternalError', 'ServiceUnavailable', 'SlowDown'].includes(code)) return code === 'InternalError' ? 500 : 503
  return code === 'AccessDenied' ? 403 : 400
}

function keyError(code: string, count: number): Error {
  const error = new Error(`${count} of the keys were not removed`)
  error.name = code
  return Object.assign(error, { $metadata: { httpStatusCode: statusOf(code) } })
}
