import { randomUUID } from 'node:crypto'
import type { Writable } from 'node:stream'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { SendingDriver, SendPiece } from '../contract/abilities.ts'
import type { Entry, ReadOptions, Stat, WriteOptions } from '../contract/content-store.ts'
import type { AppendOptions, Part } from '../contract/part-store.ts'
import type { Version, Versioned } from '../contract/record-store.ts'
import type { StorageDriver } from '../contract/storage-driver.ts'
import { SendTarget } from '../send-target.ts'
import { StorageError, type StorageErrorCode } from '../storage-error.ts'
import { parseContentPath, parseStoragePath, type StoragePath } from '../storage-path.ts'
import { collectAll } from './collect-all.ts'
import { isDirectory, type MemoryNode, MemoryTree, parentOf } from './memory-tree.ts'

const chunkSize = 64 * 1024

/** Keeps everything in memory: for tests, and for registries that may forget. Bounded by nothing but what is put. */
export class MemoryDriver implements StorageDriver, SendingDriver {
  readonly name = 'inmemory'
  readonly #tree: MemoryTree

  constructor(options: { nowMs?: () => number } = {}) {
    this.#tree = new MemoryTree(options.nowMs ?? Date.now)
  }

  async put(path: StoragePath, content: Uint8Array | ByteStream, options: WriteOptions = {}): Promise<void> {
    const at = parseContentPath(path, this.name)
    options.signal?.throwIfAborted()
    const bytes = content instanceof Uint8Array ? new Uint8Array(content) : await collectAll(content, options.signal)
    this.#tree.make(at).content = bytes
  }

  async create(path: StoragePath, content: Uint8Array): Promise<boolean> {
    const at = parseContentPath(path, this.name)
    if (this.#tree.find(at)?.content !== undefined) return false
    this.#tree.make(at).content = new Uint8Array(content)
    return true
  }

  async swap(
    path: StoragePath,
    from: Version | undefined,
    content: Uint8Array,
    options: WriteOptions = {},
  ): Promise<Version> {
    const at = parseContentPath(path, this.name)
    options.signal?.throwIfAborted()
    const isSame =
      from === undefined ? this.#tree.find(parentOf(at)) === undefined : this.#tree.find(at)?.record?.version === from
    if (!isSame) throw this.#error('VERSION_MISMATCH', at)
    const version = randomUUID()
    this.#tree.make(at).record = { version, content: new Uint8Array(content) }
    return version
  }

  async readVersioned(path: StoragePath): Promise<Versioned> {
    const at = parseContentPath(path, this.name)
    const record = this.#tree.find(at)?.record
    if (record === undefined) throw this.#error('PATH_NOT_FOUND', at)
    return { version: record.version, content: new Uint8Array(record.content) }
  }

  async read(path: StoragePath, options: ReadOptions = {}): Promise<{ size: number; content: ByteStream }> {
    const at = parseContentPath(path, this.name)
    options.signal?.throwIfAborted()
    const bytes = this.#contentAt(at)
    return { size: bytes.byteLength, content: chunksOf([this.#rangeOf(at, bytes, options.range)], options.signal) }
  }

  async sendTo(path: StoragePath, range: ByteRange, target: Writable, signal?: AbortSignal): Promise<void> {
    const at = parseContentPath(path, this.name)
    signal?.throwIfAborted()
    const bytes = this.#rangeOf(at, this.#contentAt(at), range)
    const sending = new SendTarget(target, signal)
    try {
      for await (const chunk of chunksOf([bytes], signal)) await sending.write(chunk)
    } finally {
      sending.release()
    }
  }

  async sendPieces(
    path: StoragePath,
    pieces: readonly SendPiece[],
    target: Writable,
    signal?: AbortSignal,
  ): Promise<void> {
    const at = parseContentPath(path, this.name)
    signal?.throwIfAborted()
    const content = this.#contentAt(at)
    const bytes = pieces.map((piece) => (piece instanceof Uint8Array ? piece : this.#rangeOf(at, content, piece)))
    const sending = new SendTarget(target, signal)
    try {
      for await (const chunk of chunksOf(bytes, signal)) await sending.write(chunk)
    } finally {
      sending.release()
    }
  }

  async stat(path: StoragePath): Promise<Stat> {
    const at = parseStoragePath(path, this.name)
    const node = this.#tree.find(at)
    if (node?.content !== undefined) {
      return { size: node.content.byteLength, modifiedAtMs: node.modifiedAtMs, isDirectory: false }
    }
    if (node === undefined || !this.#isKnownDirectory(at, node)) throw this.#error('PATH_NOT_FOUND', at)
    return { size: 0, modifiedAtMs: node.modifiedAtMs, isDirectory: true }
  }

  async *list(path: StoragePath): AsyncIterable<Entry> {
    const at = parseStoragePath(path, this.name)
    const node = this.#tree.find(at)
    if (node === undefined || !this.#isKnownDirectory(at, node)) throw this.#error('PATH_NOT_FOUND', at)
    for (const [name, child] of node.children) yield { name, isDirectory: isDirectory(child) }
  }

  async delete(path: StoragePath): Promise<void> {
    const at = parseContentPath(path, this.name)
    if (!this.#tree.remove(at)) throw this.#error('PATH_NOT_FOUND', at)
  }

  async append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    { signal }: AppendOptions = {},
  ): Promise<readonly Part[]> {
    const at = parseContentPath(area, this.name)
    signal?.throwIfAborted()
    const before = this.#areaAt(at)
    const bytes = await collectAll(content, signal)
    // The area may have been removed, and even made again, while the bytes came.
    if (this.#areaAt(at) !== before) throw this.#error('PATH_NOT_FOUND', at)
    const part = { name: `part.${randomUUID()}`, size: bytes.byteLength }
    this.#tree.make(this.#partPath(at, part)).content = bytes
    return [...parts, part]
  }

  async complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void> {
    const from = parseContentPath(area, this.name)
    const to = parseContentPath(path, this.name)
    const joined = Buffer.concat(this.#partsIn(from, parts))
    this.#tree.make(to).content = joined
    for (const part of parts) this.#tree.remove(this.#partPath(from, part))
  }

  async *readParts(area: StoragePath, parts: readonly Part[]): ByteStream {
    yield* chunksOf(this.#partsIn(parseContentPath(area, this.name), parts))
  }

  async discard(area: StoragePath, parts: readonly Part[]): Promise<void> {
    const at = parseContentPath(area, this.name)
    for (const part of parts) this.#tree.remove(this.#partPath(at, part))
  }

  async abort(area: StoragePath): Promise<{ readonly removed: Promise<void> }> {
    this.#tree.remove(parseContentPath(area, this.name))
    return { removed: Promise.resolve() }
  }

  async close(): Promise<void> {
    // Nothing is held but memory.
  }

  #contentAt(path: StoragePath): Uint8Array {
    const content = this.#tree.find(path)?.content
    if (content === undefined) throw this.#error('PATH_NOT_FOUND', path)
    return content
  }

  #areaAt(path: StoragePath): MemoryNode {
    const node = this.#tree.find(path)
    if (node === undefined || !isDirectory(node)) throw this.#error('PATH_NOT_FOUND', path)
    return node
  }

  #partsIn(area: StoragePath, parts: readonly Part[]): readonly Uint8Array[] {
    return parts.map((part) => this.#contentAt(this.#partPath(area, part)))
  }

  #partPath(area: StoragePath, part: Part): StoragePath {
    return parseContentPath(`${area}/${part.name}`, this.name)
  }

  #isKnownDirectory(path: StoragePath, node: MemoryNode): boolean {
    return path === '/' || isDirectory(node)
  }

  #rangeOf(path: StoragePath, bytes: Uint8Array, range: ByteRange | undefined): Uint8Array {
    if (range === undefined) return bytes
    if (range.start < 0 || range.start > range.end || range.end > bytes.byteLength) {
      throw this.#error('INVALID_RANGE', path)
    }
    return bytes.subarray(range.start, range.end)
  }

  #error(code: StorageErrorCode, path: StoragePath): StorageError {
    return new StorageError(code, path, this.name)
  }
}

/** What is stored, in chunks of the consumer's own. */
async function* chunksOf(contents: readonly Uint8Array[], signal?: AbortSignal): ByteStream {
  for (const content of contents) {
    for (let start = 0; start < content.byteLength; start += chunkSize) {
      signal?.throwIfAborted()
      // Not `slice`, which copies nothing where the content came as a `Buffer`.
      yield new Uint8Array(content.subarray(start, start + chunkSize))
    }
  }
}
