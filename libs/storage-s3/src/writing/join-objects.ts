import { InFlight, mapLimited } from '@berth/storage'
import { type JoinStep, planJoin, type Slice, type Source } from './join-plan.ts'
import { MultipartUpload } from '../objects/multipart-upload.ts'
import type { ObjectHeaders } from '../objects/object-headers.ts'
import { Objects } from '../objects/objects.ts'
import type { Piece } from '../gathering/piece.ts'
import { readRange } from '../reading/read-object.ts'
import type { SharedBuffers } from '../gathering/shared-buffers.ts'
import type { Store } from '../requests/store.ts'

/** Of short pieces there may be many. */
const readsAtOnce = 16

export interface JoinOptions {
  readonly store: Store
  readonly buffers: SharedBuffers
  readonly headers: ObjectHeaders
  readonly checksums: boolean
  /** The key is that of a digest. */
  readonly isNamedByContent?: boolean
  /** Up to here an object is copied by one request. */
  readonly copyThreshold: number
  readonly copyChunkSize: number
  /** Ranges copied at a time. */
  readonly copyConcurrency: number
}

/**
 * Makes an object of others, within the store as far as it can be. It is there when all of it is.
 *
 * @throws StoreError that says 404: one of them is not there
 */
export async function joinObjects(options: JoinOptions, sources: readonly Source[], key: string): Promise<void> {
  const { store, buffers, headers, checksums } = options
  const objects = new Objects(store)
  const steps = planJoin(sources, options.copyChunkSize)
  const [first] = steps
  if (first === undefined) return objects.put(key, { chunks: [], size: 0 }, { headers, checksums })
  const [only] = sources.filter(({ size }) => size > 0)
  if (
    only !== undefined &&
    sources.every((each) => each === only || each.size === 0) &&
    only.size <= options.copyThreshold
  )
    return objects.copy(only.key, only.size, key, headers)
  if (steps.length === 1 && 'send' in first)
    return withSlices(first.send, (piece) => objects.put(key, piece, { headers, checksums }))

  const upload = new MultipartUpload(store, key, headers, checksums)
  const inFlight = new InFlight(options.copyConcurrency)
  try {
    for (const [index, step] of steps.entries()) {
      // Those with bytes in hand one after the other: buffers are not waited for while holding some.
      if ('send' in step) await withSlices(step.send, (piece) => upload.send(index + 1, piece))
      else await inFlight.add(() => copyStep(upload, index + 1, step))
    }
    await inFlight.settle()
    inFlight.throwIfFailed()
    await upload.complete(options.isNamedByContent === true)
  } catch (error) {
    await inFlight.settle()
    await upload.abort()
    throw error
  }

  async function withSlices<T>(slices: readonly Slice[], use: (piece: Piece) => Promise<T>): Promise<T> {
    const size = slices.reduce((sum, { range }) => sum + range.end - range.start, 0)
    const taken = await buffers.take(size)
    try {
      return await use({ chunks: await readSlices(store, slices), size })
    } finally {
      buffers.give(taken)
    }
  }
}

/** @throws StoreError that says 404: one of them is not there */
export async function readSlices(store: Store, slices: readonly Slice[]): Promise<readonly Uint8Array[]> {
  const contents = await mapLimited(slices, readsAtOnce, ({ source, range }) => readRange(store, source.key, range))
  return contents.flat()
}

async function copyStep(upload: MultipartUpload, number: number, step: JoinStep & { copy: Slice }): Promise<void> {
  const { source, range } = step.copy
  const isWhole = range.start === 0 && range.end === source.size
  await upload.copy(number, source.key, range.end - range.start, isWhole ? undefined : range)
}
