import { setImmediate } from 'node:timers/promises'
import type { ByteStream } from '@berth/bytes'
import { digestOf } from '@berth/digest'
import { layout } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { describe, expect, it } from 'vitest'
import { ManifestContents } from './manifest-contents.ts'

/** Counts the contents that are being read. */
class CountingDriver extends MemoryDriver {
  reading = 0
  mostReading = 0

  override async read(...args: Parameters<MemoryDriver['read']>): ReturnType<MemoryDriver['read']> {
    const { size, content } = await super.read(...args)
    return { size, content: this.#counted(content) }
  }

  async *#counted(content: ByteStream): ByteStream {
    this.reading += 1
    this.mostReading = Math.max(this.mostReading, this.reading)
    try {
      await setImmediate()
      yield* content
    } finally {
      this.reading -= 1
    }
  }
}

function manifestOf(name: string, size: number): Buffer {
  const annotations = { name, large: 'x'.repeat(size) }
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations }))
}

describe('the contents of manifests', () => {
  it.each([
    ['large', 4_000_000, 8],
    ['small', 1000, 12],
  ])('that are %s are all found, and few of them are read at a time if they are large', async (_, size, most) => {
    const storage = new CountingDriver()
    const manifests = Array.from({ length: 12 }, (_, index) => manifestOf(`manifest ${index}`, size))
    for (const each of manifests) await storage.put(layout.blobDataPath(digestOf(each)), each)
    const contents = new ManifestContents({ storage })

    const found = await Promise.all(manifests.map((each) => contents.find(digestOf(each))))

    expect(found.map((each) => each?.content.byteLength)).toEqual(manifests.map((each) => each.byteLength))
    expect(storage.mostReading).toBe(most)
  })
})
