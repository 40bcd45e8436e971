import { collect } from '@berth/bytes'
import { type Digest, digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Blobs } from '../blobs.ts'

const here = parseRepositoryName('library/here')
const there = parseRepositoryName('there')
const content = Buffer.from('a blob of some bytes')
const digest = digestOf(content)
const absent = digestOf('never stored')

/**
 * What every implementation of `Blobs` must do.
 *
 * @param open makes one of its own, with nothing in it, for each test
 */
export function describeBlobs(name: string, open: () => Promise<Blobs>): void {
  describe(`Blobs ${name}`, () => {
    let blobs: Blobs

    beforeEach(async () => {
      blobs = await open()
    })

    const read = async (start?: number, end?: number): Promise<string> => {
      const range = start === undefined || end === undefined ? undefined : { start, end }
      return Buffer.from(await collect(await blobs.read(here, digest, range), 1000)).toString()
    }

    it('describes a blob with the digest asked for, its size and no particular type', async () => {
      const descriptor = { mediaType: 'application/octet-stream', digest, size: content.byteLength }
      expect(await blobs.put(here, content)).toEqual(descriptor)
      expect(await blobs.stat(here, digest)).toEqual(descriptor)
    })

    it('does not know what was never stored', async () => {
      const unknown = { code: 'BLOB_UNKNOWN', detail: { digest: absent } }
      await expect(blobs.stat(here, absent)).rejects.toMatchObject(unknown)
      await expect(blobs.read(here, absent)).rejects.toMatchObject(unknown)
      await expect(blobs.unlink(here, absent)).rejects.toMatchObject(unknown)
    })

    it('does not know in one repository what only another links', async () => {
      await blobs.put(there, content)
      const unknown = { code: 'BLOB_UNKNOWN', detail: { digest } }
      await expect(blobs.stat(here, digest)).rejects.toMatchObject(unknown)
      await expect(blobs.read(here, digest)).rejects.toMatchObject(unknown)
      await expect(blobs.unlink(here, digest)).rejects.toMatchObject(unknown)
      expect(await blobs.statAll(here, [digest])).toEqual([undefined])
    })

    it('describes many in the order asked, whatever is missing or repeated', async () => {
      const others = Array.from({ length: 70 }, (_, index) => Buffer.from(`blob ${index}`))
      for (const other of others) await blobs.put(here, other)
      const asked = [absent, ...others.map((other) => digestOf(other)), absent, digestOf('blob 7')]
      const found = await blobs.statAll(here, asked)
      expect(found.map((each) => each?.digest)).toEqual(asked.map((each) => (each === absent ? undefined : each)))
      expect(await blobs.statAll(here, [])).toEqual([])
    })

    it('reads the whole, or any range within it', async () => {
      await blobs.put(here, content)
      expect(await read()).toBe('a blob of some bytes')
      expect(await read(2, 6)).toBe('blob')
      expect(await read(15, 20)).toBe('bytes')
      expect(await read(0, 20)).toBe('a blob of some bytes')
      expect(await read(20, 20)).toBe('')
    })

    it('refuses a range that ends behind the end, with the size', async () => {
      await blobs.put(here, content)
      await expect(blobs.read(here, digest, { start: 0, end: 21 })).rejects.toMatchObject({
        code: 'RANGE_INVALID',
        detail: { range: '0-20', offset: 20 },
      })
      expect(await read()).toBe('a blob of some bytes')
    })

    it('keeps an empty blob', async () => {
      const empty = await blobs.put(here, new Uint8Array())
      expect(empty.size).toBe(0)
      expect(await collect(await blobs.read(here, empty.digest), 1)).toHaveLength(0)
    })

    it('reads what is larger than any buffer, byte for byte', async () => {
      const large = Buffer.alloc(3_000_001, '0123456789abcdef-')
      const { digest: name } = await blobs.put(here, large)
      expect(digestOf(await collect(await blobs.read(here, name), large.byteLength))).toBe(name)
      const middle = await collect(await blobs.read(here, name, { start: 999_999, end: 2_000_003 }), large.byteLength)
      expect(Buffer.compare(middle, large.subarray(999_999, 2_000_003))).toBe(0)
    })

    it('stores the same again without fault', async () => {
      await blobs.put(here, content)
      await blobs.put(here, content)
      await blobs.put(there, content)
      expect(await read()).toBe('a blob of some bytes')
    })

    it('does not change what is stored when the bytes that were given are written to', async () => {
      const mine = Buffer.from(content)
      await blobs.put(here, mine)
      mine.fill(0)
      expect(await read()).toBe('a blob of some bytes')
    })

    it('does not change what is stored when bytes that were read are written to', async () => {
      await blobs.put(here, content)
      for await (const chunk of await blobs.read(here, digest)) chunk.fill(0)
      expect(await read()).toBe('a blob of some bytes')
    })

    describe('mounting', () => {
      it('links a blob of another repository', async () => {
        await blobs.put(there, content)
        expect(await blobs.mount(here, digest, there)).toBe(true)
        expect(await read()).toBe('a blob of some bytes')
      })

      it('links a blob of any repository where none is named', async () => {
        await blobs.put(there, content)
        expect(await blobs.mount(here, digest)).toBe(true)
        expect(await blobs.stat(here, digest)).toMatchObject({ digest, size: 20 })
      })

      it('links nothing that is not there, or not in the repository named', async () => {
        await blobs.put(there, content)
        expect(await blobs.mount(here, absent, there)).toBe(false)
        expect(await blobs.mount(here, absent)).toBe(false)
        expect(await blobs.mount(here, digest, parseRepositoryName('elsewhere'))).toBe(false)
        expect(await blobs.statAll(here, [digest, absent])).toEqual([undefined, undefined])
      })

      it('keeps what was mounted when the source gives it up', async () => {
        await blobs.put(there, content)
        await blobs.mount(here, digest, there)
        await blobs.unlink(there, digest)
        expect(await read()).toBe('a blob of some bytes')
      })

      it('links a blob to its own repository without fault', async () => {
        await blobs.put(here, content)
        expect(await blobs.mount(here, digest, here)).toBe(true)
        expect(await read()).toBe('a blob of some bytes')
      })
    })

    describe('unlinking', () => {
      const isUnknownHere = async (name: Digest): Promise<void> => {
        await expect(blobs.stat(here, name)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
        await expect(blobs.read(here, name)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
        expect(await blobs.statAll(here, [name])).toEqual([undefined])
      }

      it('makes a blob unknown at once, also where it was just asked for', async () => {
        await blobs.put(here, content)
        await blobs.stat(here, digest)
        await read()
        await blobs.unlink(here, digest)
        await isUnknownHere(digest)
        await expect(blobs.unlink(here, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
      })

      it('takes nothing from other repositories', async () => {
        await blobs.put(here, content)
        await blobs.put(there, content)
        await blobs.unlink(here, digest)
        expect(await blobs.stat(there, digest)).toMatchObject({ digest })
      })

      it('is undone by storing the same again', async () => {
        await blobs.put(here, content)
        await blobs.unlink(here, digest)
        await blobs.put(here, content)
        expect(await read()).toBe('a blob of some bytes')
      })
    })

    it('stops where it is told to', async () => {
      await blobs.put(here, content)
      await expect(blobs.statAll(here, [digest], AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
    })
  })
}
