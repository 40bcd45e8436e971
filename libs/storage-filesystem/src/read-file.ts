import type { ByteBudget, ByteStream } from '@berth/bytes'
import type { ReadOptions, StoragePath } from '@berth/storage'
import { type SharedPool, smallBuffer } from './buffer-pool.ts'
import { contentOf, FileContent } from './file-content.ts'
import type { FileSystem } from './file-system.ts'
import { OpenFile } from './open-file.ts'
import { isSame, type SeenFiles } from './seen-files.ts'
import { readFault } from './storage-fault.ts'

export interface Reading {
  readonly files: FileSystem
  readonly budget: ByteBudget
  /** Those of the process itself: what is small never waits for what clients hold. */
  readonly buffers: SharedPool
  /** Where `stat` can be relied upon. */
  readonly seen: SeenFiles | undefined
}

/** Reads a file, or a range of it. */
export async function readFile(
  reading: Reading,
  file: string,
  path: StoragePath,
  { range, signal, share }: ReadOptions,
): Promise<{ readonly size: number; readonly content: ByteStream }> {
  const { files, budget } = reading
  signal?.throwIfAborted()
  if (range === undefined) {
    const bytes = await recallUnchanged(reading, file, path)
    if (bytes !== undefined) return { size: bytes.byteLength, content: contentOf(bytes) }
  }
  const open = await OpenFile.open(files, file, path)
  let isHandedOn = false
  try {
    if (range === undefined) {
      const bytes = await readSmall(reading, open, signal)
      if (bytes !== undefined) {
        if (reading.seen?.isFor(bytes.byteLength) === true) reading.seen.keep(file, bytes, open.statNow())
        return { size: bytes.byteLength, content: contentOf(bytes) }
      }
    } else {
      await open.check(range)
    }
    const size = await open.size()
    signal?.throwIfAborted()
    isHandedOn = true
    return { size, content: new FileContent(open, range ?? { start: 0, end: size }, budget.share(share), signal) }
  } finally {
    if (!isHandedOn) open.close()
  }
}

/** @throws StorageError PATH_NOT_FOUND, where it was seen, and is not there any more */
async function recallUnchanged(
  { files, seen }: Reading,
  file: string,
  path: StoragePath,
): Promise<Uint8Array | undefined> {
  const before = seen?.find(file)
  if (before === undefined) return undefined
  try {
    if (isSame(await files.stat(file), before)) return before.bytes
  } catch (error) {
    seen?.forget(file)
    throw readFault(error, path)
  }
  seen?.forget(file)
  return undefined
}

/**
 * Links, configs and most manifests are small: the first call reads them whole, and thus tells their size, too.
 *
 * @returns all of the file, or `undefined` if it is not small
 */
async function readSmall(
  { buffers }: Reading,
  open: OpenFile,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const scratch = buffers.tryTake(smallBuffer) ?? (await buffers.take(signal))
  try {
    const length = await open.read(scratch.bytes, smallBuffer, 0)
    return length < smallBuffer ? copyOf(scratch.bytes, length) : undefined
  } finally {
    buffers.give(scratch)
  }
}

/** Links share Node's pool of 64 KiB; a manifest that somebody caches must not keep such a pool from being freed. */
const poolable = 256

function copyOf(bytes: Buffer, length: number): Uint8Array {
  if (length <= poolable) return Buffer.from(bytes.subarray(0, length))
  const copy = Buffer.allocUnsafeSlow(length)
  bytes.copy(copy, 0, 0, length)
  return copy
}
