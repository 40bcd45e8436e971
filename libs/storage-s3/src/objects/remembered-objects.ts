import { LruCache } from '@berth/bytes'

/** Links are shorter. */
const mostBytes = 1024
const maxWeight = 16 * 1024 * 1024
const entryWeight = 512

export interface RememberedObject {
  readonly tag: string
  readonly bytes: Uint8Array
}

/**
 * Short objects that were read before, links most of all. The store is asked each time whether it still has the same,
 * and says so without a body: some hold a short body back until the head before it was acknowledged, which clients put
 * off for 40 ms.
 */
export class RememberedObjects {
  readonly #seen = new LruCache<string, RememberedObject>({ maxWeight })

  find(key: string): RememberedObject | undefined {
    return this.#seen.get(key)
  }

  /** @param bytes all of the object */
  keep(key: string, tag: string, bytes: Uint8Array): void {
    if (tag === '' || bytes.byteLength > mostBytes) return
    // A copy of its own: what came is a part of a larger buffer, which would live as long.
    this.#seen.set(key, { tag, bytes: new Uint8Array(bytes) }, entryWeight + key.length + bytes.byteLength)
  }
}
