import { LruCache } from '@berth/bytes'
import { algorithmOf, type Digest, digestOf } from '@berth/digest'

/**
 * Small blobs' content, for those that are read again and again. It says nothing on whether a blob is still there: ask
 * a link first. What it holds is shared, and never written to.
 */
export class ContentCache {
  readonly #contents: LruCache<Digest, Uint8Array>
  readonly #maxEntryBytes: number

  constructor(options: { maxBytes: number; maxEntryBytes: number }) {
    this.#contents = new LruCache({ maxWeight: options.maxBytes })
    this.#maxEntryBytes = options.maxEntryBytes
  }

  isFor(size: number): boolean {
    return size <= this.#maxEntryBytes
  }

  find(digest: Digest): Uint8Array | undefined {
    return this.#contents.get(digest)
  }

  /** Keeps content that is what its digest names: a damaged file may be healed, and must not live on here. */
  keep(digest: Digest, content: Uint8Array): void {
    if (digestOf(content, algorithmOf(digest)) === digest) this.#contents.set(digest, content, content.byteLength)
  }
}
