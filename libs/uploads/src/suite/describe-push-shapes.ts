import { algorithms, digestOf } from '@berth/digest'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arriving, body, chunkAt, UploadClient, type UploadServices } from './upload-client.ts'

/** The ways in which clients are known to send a blob. */
export function describePushShapes(open: () => Promise<UploadServices>): void {
  describe.each(algorithms)('a blob with a digest of %s', (algorithm) => {
    const text = 'some layer, in as many pieces as it takes'
    const digest = digestOf(text, algorithm)
    const done = { digest, size: text.length }

    // The POST may say what the digest will be of (`digest-algorithm`), or not.
    describe.each([algorithm, undefined])('started for %s', (announced) => {
      const start = async (): Promise<UploadClient> =>
        UploadClient.start(await open(), announced === undefined ? {} : { algorithm: announced })

      it('is received in one PUT', async () => {
        const client = await start()
        const chunk = { content: arriving(text.slice(0, 9), text.slice(9)), size: text.length, isOneOfMany: false }
        expect(await client.complete(digest, chunk)).toEqual(done)
        expect(await client.read(digest)).toBe(text)
      })

      it('is received in one PATCH, then an empty PUT', async () => {
        const client = await start()
        expect(await client.append(body(text))).toBe(text.length)
        expect(await client.complete(digest)).toEqual(done)
        expect(await client.read(digest)).toBe(text)
      })

      it('is received in chunks, then an empty PUT', async () => {
        const client = await start()
        for (const at of [0, 10, 20, 30]) await client.append(chunkAt(at, text.slice(at, at + 10)))
        await client.append(chunkAt(40, text.slice(40)))
        expect(await client.complete(digest, { content: arriving(), size: 0, isOneOfMany: false })).toEqual(done)
        expect(await client.read(digest)).toBe(text)
      })

      it('is received in chunks, the last in the PUT', async () => {
        const client = await start()
        await client.append(chunkAt(0, text.slice(0, 10)))
        await client.append(chunkAt(10, text.slice(10, 20)))
        expect(await client.complete(digest, chunkAt(20, text.slice(20)))).toEqual(done)
        expect(await client.read(digest)).toBe(text)
      })

      it('is received in PATCHes without ranges, the last bytes in the PUT', async () => {
        const client = await start()
        await client.append(body(text.slice(0, 10)))
        await client.append(body(text.slice(10, 20)))
        expect(await client.complete(digest, body(text.slice(20)))).toEqual(done)
        expect(await client.read(digest)).toBe(text)
      })
    })

    it('may be empty', async () => {
      const empty = digestOf('', algorithm)
      const services = await open()
      for (const chunk of [undefined, body(''), { ...body(''), size: 0 }]) {
        const client = await UploadClient.start(services)
        expect(await client.complete(empty, chunk)).toEqual({ digest: empty, size: 0 })
        expect(await client.read(empty)).toBe('')
      }
    })
  })

  it('receives any content in any pieces', async () => {
    const piece = fc.record({
      text: fc.string({ maxLength: 40, unit: 'binary' }),
      isOneOfMany: fc.boolean(),
      hasRange: fc.boolean(),
    })
    const services = await open()
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 6 }),
        fc.constantFrom(...algorithms),
        fc.boolean(),
        async (pieces, algorithm, isLastInPut) => {
          const client = await UploadClient.start(services)
          const text = pieces.map((each) => each.text).join('')
          const last = isLastInPut ? pieces.at(-1) : undefined
          const chunks = pieces.map((each) => ({
            ...chunkAt(0, each.text),
            isOneOfMany: each.isOneOfMany,
            hasRange: each.hasRange,
          }))
          for (const { hasRange, start: _, size, ...chunk } of last ? chunks.slice(0, -1) : chunks)
            await client.append(hasRange ? { ...chunk, size: size ?? 0, start: client.upload.offset } : chunk)
          const digest = digestOf(text, algorithm)
          const completed = await client.complete(digest, last && body(last.text))
          expect(completed).toEqual({ digest, size: Buffer.byteLength(text) })
          expect(await client.read(digest)).toBe(Buffer.from(text).toString())
        },
      ),
      { numRuns: 40 },
    )
  })
}
