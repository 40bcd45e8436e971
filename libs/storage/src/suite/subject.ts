import { afterEach, beforeEach } from 'vitest'
import { type ByteRange, type ByteStream, collect } from '@berth/bytes'
import type { Entry } from '../contract/content-store.ts'
import type { Part } from '../contract/part-store.ts'
import type { StorageDriver } from '../contract/storage-driver.ts'
import type { StoragePath } from '../storage-path.ts'

/** Opens a driver on a store of its own with nothing in it; `close` ends both. */
export type OpenDriver<D extends StorageDriver = StorageDriver> = () => Promise<{
  readonly driver: D
  readonly close: () => Promise<void>
}>

/** Opens a driver for each test. */
export function useDriver<D extends StorageDriver>(open: OpenDriver<D>): () => D {
  let opened: Awaited<ReturnType<OpenDriver<D>>> | undefined
  beforeEach(async () => {
    opened = await open()
  })
  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })
  return () => {
    if (opened === undefined) throw new Error('no driver is open outside a test')
    return opened.driver
  }
}

/** A path as a test writes it, unchecked: drivers check. */
export const at = (path: string): StoragePath => path as StoragePath

export const bytes = (text: string): Buffer => Buffer.from(text)

/** Bytes that differ from place to place, the same each time. */
export function patterned(size: number, seed = 1): Buffer {
  const content = Buffer.allocUnsafe(size)
  let state = seed
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    content[index] = state >>> 16
  }
  return content
}

/** A stream that gives `chunks` and then fails. */
export async function* failingStream(error: Error, ...chunks: readonly Uint8Array[]): ByteStream {
  yield* chunks
  throw error
}

/** A stream that gives `chunks` and goes on once `gate` is open. */
export async function* gatedStream(gate: Promise<void>, ...chunks: readonly Uint8Array[]): ByteStream {
  yield* chunks
  await gate
}

export async function contentAt(driver: StorageDriver, path: string, range?: ByteRange): Promise<Buffer> {
  const { content } = await driver.read(at(path), range === undefined ? {} : { range })
  return asBuffer(await collect(content, Infinity))
}

export async function textAt(driver: StorageDriver, path: string): Promise<string> {
  return (await contentAt(driver, path)).toString()
}

export async function textOfParts(
  driver: StorageDriver,
  area: string,
  parts: readonly Part[],
  encoding?: BufferEncoding,
): Promise<string> {
  return asBuffer(await collect(driver.readParts(at(area), parts), Infinity)).toString(encoding)
}

/** All that comes, in an array. */
export async function arrayOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

export async function entriesOf(driver: StorageDriver, path: string): Promise<readonly Entry[]> {
  const entries = await arrayOf(driver.list(at(path)))
  return entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** What became of calls made side by side: how many succeeded, and why the others did not. */
export async function outcomesOf(
  calls: readonly Promise<unknown>[],
): Promise<{ succeeded: number; errors: unknown[] }> {
  const results = await Promise.allSettled(calls)
  const errors = results.filter((each) => each.status === 'rejected').map((each): unknown => each.reason)
  return { succeeded: results.length - errors.length, errors }
}

function asBuffer(content: Uint8Array): Buffer {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength)
}
