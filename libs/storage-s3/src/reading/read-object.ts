import type { ByteRange } from '@berth/bytes'
import { OpenedObject } from './opened-object.ts'
import type { Store } from '../requests/store.ts'
import { StoreError } from '../requests/store-fault.ts'

/** A range of an object, which it must have. @throws StoreError */
export async function readRange(store: Store, key: string, range: ByteRange): Promise<readonly Uint8Array[]> {
  if (range.start === range.end) return []
  const opened = await OpenedObject.open({ store, key, signal: undefined }, range)
  if (opened.range.end !== range.end) {
    const error = new Error(`${key} is shorter than it was`)
    opened.close(error)
    throw new StoreError('GetObject', error)
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of opened.content()) chunks.push(chunk)
  return chunks
}
