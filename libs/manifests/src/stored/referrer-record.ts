import type { ByteStream } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import { type CheapWritesDriver, type ContentStore, StorageError, type StoragePath } from '@berth/storage'

/**
 * The record of a referrer: what its link holds. The first line is the referrer's digest, the second says what a filter
 * needs to know and the size of what follows, and the rest is the descriptor as it is listed. So a list copies bytes,
 * and parses no manifest. Earlier versions of Berth wrote the first line alone.
 */
interface RecordHead {
  readonly artifactType?: string
  /** Size of the descriptor's JSON in bytes. */
  readonly size: number
}

/** Maximum size in bytes of the two lines before the descriptor. */
const maxHeadBytes = 64 * 1024
/** Maximum length of an artifact type that a filter can find. A longer one fits into no URL. */
const maxTypeLength = 8 * 1024
/** Maximum size of a record in bytes: more than a manifest of the maximum size needs. */
const maxRecordBytes = 8 * 1024 * 1024

export function formatReferrerRecord(descriptor: Descriptor): Uint8Array {
  const { digest, artifactType } = descriptor
  const json = Buffer.from(JSON.stringify(descriptor))
  const isFindable = artifactType !== undefined && artifactType.length <= maxTypeLength
  const head: RecordHead = { ...(isFindable && { artifactType }), size: json.byteLength }
  return Buffer.concat([Buffer.from(`${digest}\n${JSON.stringify(head)}\n`), json])
}

/** What a list finds of one manifest. */
export type FoundReferrer =
  | { readonly is: 'listed'; readonly descriptor: Uint8Array }
  /** It is to be listed, but its descriptor has more bytes than there is room for. */
  | { readonly is: 'too large' }
  /** It is of another artifact type, or refers to something else. */
  | { readonly is: 'not listed' }

export interface ReferrerFilter {
  /** Any where absent. */
  readonly artifactType?: string | undefined
  /** Maximum size of the descriptor in bytes. */
  readonly maxBytes: number
}

export function applyFilter(
  { artifactType, size }: RecordHead,
  filter: ReferrerFilter,
): Exclude<FoundReferrer, { is: 'listed' }> | undefined {
  if (filter.artifactType !== undefined && filter.artifactType !== artifactType) return { is: 'not listed' }
  return size > filter.maxBytes ? { is: 'too large' } : undefined
}

/**
 * Reads the record of a referrer, and no more of it than the filter needs.
 *
 * @returns `undefined` where there is no record, or one that an earlier version or a crash left
 * @throws StorageError STORAGE_UNAVAILABLE
 */
export async function readReferrerRecord(
  storage: ContentStore,
  path: StoragePath,
  digest: Digest,
  filter: ReferrerFilter,
): Promise<FoundReferrer | undefined> {
  const stored = await openRecord(storage, path)
  if (stored === undefined) return undefined
  const chunks = stored.content[Symbol.asyncIterator]()
  try {
    if (stored.size > maxRecordBytes) return undefined
    let bytes: Buffer = Buffer.alloc(0)
    let headEnd = -1
    for (;;) {
      const { done, value } = await chunks.next()
      if (done === true) break
      bytes = bytes.byteLength === 0 ? asBuffer(value) : Buffer.concat([bytes, value])
      headEnd = endOfHead(bytes)
      if (headEnd >= 0 || bytes.byteLength > maxHeadBytes) break
    }
    const head = headEnd < 0 ? undefined : parseHead(bytes.toString('utf8', 0, headEnd), digest)
    if (head === undefined || headEnd + head.size !== stored.size) return undefined
    const found = applyFilter(head, filter)
    if (found !== undefined) return found
    const descriptor = Buffer.allocUnsafeSlow(head.size)
    let filled = bytes.copy(descriptor, 0, headEnd)
    while (filled < head.size) {
      const { done, value } = await chunks.next()
      if (done === true) return undefined
      descriptor.set(value, filled)
      filled += value.byteLength
    }
    return { is: 'listed', descriptor }
  } finally {
    await chunks.return?.()
  }
}

/** Makes the record say what it should; where a write costs more than a read, nothing is written if it does already. */
export async function putReferrerRecord(
  storage: ContentStore & Partial<CheapWritesDriver>,
  path: StoragePath,
  record: Uint8Array,
): Promise<void> {
  if (storage.writesAreCheap !== true && (await isSame(storage, path, record))) return
  await storage.put(path, record)
}

async function isSame(storage: ContentStore, path: StoragePath, record: Uint8Array): Promise<boolean> {
  const stored = await openRecord(storage, path)
  if (stored === undefined) return false
  const chunks = stored.content[Symbol.asyncIterator]()
  try {
    if (stored.size !== record.byteLength) return false
    for (let position = 0; position < record.byteLength;) {
      const { done, value } = await chunks.next()
      if (done === true) return false
      const expected = record.subarray(position, position + value.byteLength)
      if (Buffer.compare(value, expected) !== 0) return false
      position += value.byteLength
    }
    return true
  } finally {
    await chunks.return?.()
  }
}

async function openRecord(
  storage: ContentStore,
  path: StoragePath,
): Promise<{ readonly size: number; readonly content: ByteStream } | undefined> {
  try {
    return await storage.read(path)
  } catch (error) {
    if (StorageError.isNotFound(error)) return undefined
    throw error
  }
}

/** @returns where the descriptor begins, or -1 */
function endOfHead(bytes: Buffer): number {
  const first = bytes.indexOf(10)
  const second = first < 0 ? -1 : bytes.indexOf(10, first + 1)
  return second < 0 ? -1 : second + 1
}

function parseHead(text: string, digest: Digest): RecordHead | undefined {
  const [first, second = ''] = text.split('\n')
  if (first !== digest) return undefined
  try {
    const head = JSON.parse(second) as Partial<RecordHead> | null
    return typeof head?.size === 'number' ? (head as RecordHead) : undefined
  } catch {
    return undefined
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
