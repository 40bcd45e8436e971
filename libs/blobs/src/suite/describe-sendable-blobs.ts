import { Writable } from 'node:stream'
import { digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SendableBlobs } from '../blobs.ts'

const here = parseRepositoryName('here')

/** Takes all that is written, and keeps a copy. */
class Target extends Writable {
  readonly chunks: Buffer[] = []

  get received(): Buffer {
    return Buffer.concat(this.chunks)
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.chunks.push(Buffer.from(chunk))
    setImmediate(done)
  }
}

/** What every implementation of `SendableBlobs` must do beyond `describeBlobs`. */
export function describeSendableBlobs(name: string, open: () => Promise<SendableBlobs>): void {
  describe(`SendableBlobs ${name}`, () => {
    let blobs: SendableBlobs
    let target: Target

    beforeEach(async () => {
      blobs = await open()
      target = new Target()
    })

    const ended = (): Promise<void> => new Promise((resolve) => void target.end(() => resolve()))

    it.each([5, 2_000_000])('writes a range of a blob of %i bytes, and leaves the target open', async (size) => {
      const content = Buffer.alloc(size, 'abcdefg')
      const { digest } = await blobs.put(here, content)
      await blobs.sendTo(here, digest, { start: 1, end: size }, target)
      await blobs.sendTo(here, digest, { start: 0, end: 1 }, target)
      expect(target.writableEnded).toBe(false)
      await ended()
      expect(target.received.equals(Buffer.concat([content.subarray(1), content.subarray(0, 1)]))).toBe(true)
    })

    it.each([5, 2_000_000])('writes nothing of a blob of %i bytes where the range is not in it', async (size) => {
      const { digest } = await blobs.put(here, Buffer.alloc(size))
      await expect(blobs.sendTo(here, digest, { start: 0, end: size + 1 }, target)).rejects.toMatchObject({
        code: 'RANGE_INVALID',
        detail: { offset: size },
      })
      expect(target.writableLength + target.chunks.length).toBe(0)
    })

    it.each([7, 2_000_000])('writes several ranges of a blob of %i bytes, with bytes between them', async (size) => {
      const content = Buffer.alloc(size, 'abcdefg')
      const { digest } = await blobs.put(here, content)
      const pieces = [
        Buffer.from('<'),
        { start: 5, end: size },
        Buffer.from('|'),
        { start: 0, end: 2 },
        Buffer.from('>'),
      ]
      await blobs.sendPieces(here, digest, pieces, target)
      expect(target.writableEnded).toBe(false)
      await ended()
      expect(target.received.equals(Buffer.from(`<${content.subarray(5).toString()}|ab>`))).toBe(true)
    })

    it.each([7, 2_000_000])(
      'writes nothing of a blob of %i bytes where one of several ranges is not in it',
      async (size) => {
        const { digest } = await blobs.put(here, Buffer.alloc(size))
        const pieces = [Buffer.from('<'), { start: 0, end: 1 }, { start: 5, end: size + 1 }]
        await expect(blobs.sendPieces(here, digest, pieces, target)).rejects.toMatchObject({
          code: 'RANGE_INVALID',
          detail: { offset: size },
        })
        expect(target.writableLength + target.chunks.length).toBe(0)
      },
    )

    it('writes nothing where the blob is not linked', async () => {
      const digest = digestOf('not here')
      const sent = blobs.sendTo(here, digest, { start: 0, end: 1 }, target)
      await expect(sent).rejects.toMatchObject({ code: 'BLOB_UNKNOWN', detail: { digest } })
      expect(target.writableLength + target.chunks.length).toBe(0)
    })

    it('fails when the target goes away, and keeps the blob', async () => {
      const content = Buffer.alloc(2_000_000, 'x')
      const { digest } = await blobs.put(here, content)
      target._write = (_chunk, _encoding, done) => done(new Error('connection reset'))
      target.on('error', () => {})
      await expect(blobs.sendTo(here, digest, { start: 0, end: content.byteLength }, target)).rejects.toThrow(
        'connection reset',
      )
      expect(await blobs.stat(here, digest)).toMatchObject({ size: content.byteLength })
    })
  })
}
