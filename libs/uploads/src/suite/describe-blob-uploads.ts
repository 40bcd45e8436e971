import { algorithms, digestOf } from '@berth/digest'
import { parseRepositoryName } from '@berth/reference'
import { beforeEach, describe, expect, it } from 'vitest'
import { arriving, body, chunkAt, cutOff, UploadClient, type UploadServices } from './upload-client.ts'
import { describePushShapes } from './describe-push-shapes.ts'
import { describeStateTokens } from './describe-state-tokens.ts'

const unknown = { code: 'BLOB_UPLOAD_UNKNOWN' }

/**
 * What every implementation of `BlobUploads` must do.
 *
 * @param open makes one of its own for each test, with the blobs that it makes visible
 */
export function describeBlobUploads(name: string, open: () => Promise<UploadServices>): void {
  describe(`BlobUploads ${name}`, () => {
    let services: UploadServices
    let client: UploadClient

    beforeEach(async () => {
      services = await open()
      client = await UploadClient.start(services)
    })

    describePushShapes(open)
    describeStateTokens(open)

    it('starts at 0, each upload under an id of its own', async () => {
      const other = await UploadClient.start(services)
      expect(client.upload.offset).toBe(0)
      expect(client.upload.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      expect(other.upload.id).not.toBe(client.upload.id)
    })

    describe('a chunk', () => {
      it('is refused where it does not start where the upload stands, and changes nothing', async () => {
        await client.append(chunkAt(0, 'hello'))
        for (const start of [0, 4, 6, 1_000_000])
          await expect(client.append(chunkAt(start, 'again'))).rejects.toMatchObject({
            code: 'RANGE_INVALID',
            detail: { range: `${start}-${start + 4}`, offset: 5 },
          })
        expect(await client.status()).toBe(5)
        expect(await client.append(chunkAt(5, ' you'))).toBe(9)
      })

      it('without a range starts where its token was made', async () => {
        const stale = client.ref
        await client.append(body('hello'))
        const again = services.uploads.append(stale, body('hello'))
        await expect(again).rejects.toMatchObject({ code: 'RANGE_INVALID', detail: { offset: 5 } })
        expect(await client.append(body(' you'))).toBe(9)
      })

      it('with a range may come with a stale token', async () => {
        const stale = client.ref
        await client.append(chunkAt(0, 'hello'))
        expect(await services.uploads.append(stale, chunkAt(5, ' you'))).toMatchObject({ offset: 9 })
      })

      it('may be empty, and changes nothing', async () => {
        expect(await client.append(body(''))).toBe(0)
        await client.append(body('hello'))
        expect(await client.append(chunkAt(5, ''))).toBe(5)
        await client.complete(digestOf('hello'))
        expect(await client.read(digestOf('hello'))).toBe('hello')
      })

      it.each([3, 8])('is refused whole where it is not as long as announced (%i bytes)', async (size) => {
        await client.append(chunkAt(0, 'hello'))
        const chunk = { ...chunkAt(5, ' you'), content: arriving(' y', 'ou'), size }
        await expect(client.append(chunk)).rejects.toMatchObject({ code: 'SIZE_INVALID', detail: { announced: size } })
        expect(await client.status()).toBe(5)
      })

      it.each([true, false])('that is cut off is kept so far, and continued (one of many: %s)', async (isOneOfMany) => {
        const chunk = { content: cutOff('hel', 'lo'), start: 0, size: 100, isOneOfMany }
        await expect(client.append(chunk)).rejects.toThrow('connection reset')
        expect(await client.status()).toBe(5)
        await client.append(chunkAt(5, ' you'))
        await client.complete(digestOf('hello you'))
        expect(await client.read(digestOf('hello you'))).toBe('hello you')
      })

      it('that is cut off before its first byte leaves the upload as it was', async () => {
        await client.append(body('hello'))
        await expect(client.append({ content: cutOff(), isOneOfMany: false })).rejects.toThrow('connection reset')
        expect(await client.status()).toBe(5)
      })

      it('is ended by its signal, even while it waits, and kept so far', async () => {
        const abort = new AbortController()
        const never = Promise.withResolvers<void>()
        async function* waiting(): AsyncGenerator<Uint8Array> {
          yield Buffer.from('hello')
          abort.abort(new Error('shutting down'))
          await never.promise
        }
        const appended = client.append({ content: waiting(), isOneOfMany: false }, abort.signal)
        await expect(appended).rejects.toThrow('shutting down')
        expect(await client.status()).toBe(5)
        never.resolve()
      })

      it('lets its source go when it is refused', async () => {
        let isReleased = false
        async function* source(): AsyncGenerator<Uint8Array> {
          try {
            for (;;) yield Buffer.from('too much')
          } finally {
            isReleased = true
          }
        }
        const chunk = { content: source(), start: 0, size: 20, isOneOfMany: true }
        await expect(client.append(chunk)).rejects.toMatchObject({ code: 'SIZE_INVALID' })
        expect(isReleased).toBe(true)
      })
    })

    it('lets exactly one of two chunks at one offset count', async () => {
      await client.append(body('>'))
      const chunks = [chunkAt(1, 'aaaa'), chunkAt(1, 'bbbb')]
      const outcomes = await Promise.allSettled(chunks.map((chunk) => services.uploads.append(client.ref, chunk)))
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'RANGE_INVALID', detail: { offset: 5 } },
      })
      const text = outcomes[0]?.status === 'fulfilled' ? '>aaaa' : '>bbbb'
      await client.status()
      await client.complete(digestOf(text))
      expect(await client.read(digestOf(text))).toBe(text)
    })

    describe('completion', () => {
      describe.each([
        ['as it stands', ['hello'], undefined],
        ['with a last chunk', ['hello'], ' you'],
        ['with a last chunk after several', ['hel', 'lo'], ' you'],
        ['with the only body', [], 'hello you'],
      ])('%s', (_, before, last) => {
        const text = before.join('') + (last ?? '')
        const lastChunk = () => (last === undefined ? undefined : body(last))

        it.each(algorithms)('is refused with a wrong digest of %s, and changes nothing', async (algorithm) => {
          for (const piece of before) await client.append(body(piece))
          const { offset } = client.upload
          const wrong = digestOf('something else', algorithm)
          const refused = { code: 'DIGEST_INVALID', detail: { digest: wrong } }
          await expect(client.complete(wrong, lastChunk())).rejects.toMatchObject(refused)
          await expect(client.complete(wrong, lastChunk())).rejects.toMatchObject(refused)
          expect(await services.blobs.statAll(client.repository, [wrong, digestOf(text, algorithm)])).toEqual([
            undefined,
            undefined,
          ])
          expect(await client.status()).toBe(offset)
        })

        it.each(algorithms)('succeeds with the right digest after a wrong one of %s', async (algorithm) => {
          for (const piece of before) await client.append(body(piece))
          const wrong = client.complete(digestOf('something else', algorithm), lastChunk())
          await expect(wrong).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
          const digest = digestOf(text)
          expect(await client.complete(digest, lastChunk())).toEqual({ digest, size: text.length })
          expect(await client.read(digest)).toBe(text)
        })

        it('may be followed by more bytes after a wrong digest', async () => {
          for (const piece of before) await client.append(body(piece))
          for (const algorithm of algorithms)
            await client.complete(digestOf('something else', algorithm), lastChunk()).catch(() => {})
          await client.append(body(last ?? ''))
          await client.append(body('!'))
          const digest = digestOf(`${text}!`, 'sha384')
          expect(await client.complete(digest)).toEqual({ digest, size: text.length + 1 })
          expect(await client.read(digest)).toBe(`${text}!`)
        })
      })

      it('judges no digest where the last chunk is cut off, and keeps what came', async () => {
        await client.append(body('hello'))
        const last = { content: cutOff(' y'), isOneOfMany: false }
        await expect(client.complete(digestOf('hello you'), last)).rejects.toThrow('connection reset')
        expect(await client.status()).toBe(7)
        await client.complete(digestOf('hello you'), body('ou'))
        expect(await client.read(digestOf('hello you'))).toBe('hello you')
      })

      it.each([20, 200_000])('judges no digest where the only body (of %i bytes) is cut off', async (size) => {
        const digest = digestOf('hello')
        const chunk = { content: cutOff('hello'), size, isOneOfMany: false }
        await expect(client.complete(digest, chunk)).rejects.toThrow('connection reset')
        expect(await services.blobs.statAll(client.repository, [digest])).toEqual([undefined])
        await client.status()
        await client.complete(digest, body(client.upload.offset === 0 ? 'hello' : ''))
        expect(await client.read(digest)).toBe('hello')
      })

      it.each([3, 8])('keeps the upload where its last chunk is not as long as announced (%i bytes)', async (size) => {
        const digest = digestOf('hello')
        const only = client.complete(digest, { ...body('hello'), size })
        await expect(only).rejects.toMatchObject({ code: 'SIZE_INVALID' })
        await client.append(body('h'))
        const last = client.complete(digest, { ...body('ello'), size })
        await expect(last).rejects.toMatchObject({ code: 'SIZE_INVALID' })
        await client.complete(digest, body('ello'))
        expect(await client.read(digest)).toBe('hello')
      })

      it('is refused where its last chunk does not start where the upload stands', async () => {
        const stale = client.ref
        await client.append(body('hello'))
        const digest = digestOf('hello')
        const refused = { code: 'RANGE_INVALID', detail: { offset: 5 } }
        await expect(services.uploads.complete(stale, digest)).rejects.toMatchObject(refused)
        await expect(services.uploads.complete(stale, digest, body('hello'))).rejects.toMatchObject(refused)
        await expect(client.complete(digest, chunkAt(4, 'o'))).rejects.toMatchObject(refused)
        expect(await client.complete(digest)).toEqual({ digest, size: 5 })
      })

      it.each(algorithms)('may be repeated, or asked for twice at once (by %s)', async (algorithm) => {
        const digest = digestOf('hello', algorithm)
        await client.append(body('hello'))
        const done = { digest, size: 5 }
        expect(await Promise.all([client.complete(digest), client.complete(digest)])).toEqual([done, done])
        expect(await client.complete(digest)).toEqual(done)
        expect(await client.complete(digest, body('hello'))).toEqual(done)
        expect(await client.read(digest)).toBe('hello')
      })

      it('of an upload that is gone buys no blob that is not linked in its repository', async () => {
        const elsewhere = await UploadClient.start(services, { name: parseRepositoryName('secret') })
        const digest = digestOf('confidential')
        await elsewhere.complete(digest, body('confidential'))
        await client.complete(digestOf('hello'), body('hello'))
        await expect(client.complete(digest)).rejects.toMatchObject(unknown)
        expect(await services.blobs.statAll(client.repository, [digest])).toEqual([undefined])
      })

      it('links an upload only in its own repository', async () => {
        const digest = digestOf('hello')
        await client.complete(digest, body('hello'))
        expect(await services.blobs.statAll(parseRepositoryName('other'), [digest])).toEqual([undefined])
      })

      it('of content that is there already succeeds, and leaves it', async () => {
        const digest = digestOf('hello')
        await client.complete(digest, body('hello'))
        for (const chunk of [body('hello'), undefined]) {
          const again = await UploadClient.start(services)
          if (chunk === undefined) await again.append(body('hello'))
          await again.complete(digest, chunk)
          expect(await client.read(digest)).toBe('hello')
        }
      })
    })

    describe('cancelling', () => {
      it('ends the upload, also by a stale token', async () => {
        const stale = client.ref
        await client.append(body('hello'))
        await services.uploads.cancel(stale)
        await expect(client.status()).rejects.toMatchObject(unknown)
        await expect(client.append(body('x'))).rejects.toMatchObject(unknown)
        await expect(client.complete(digestOf('hello'))).rejects.toMatchObject(unknown)
        await expect(client.cancel()).rejects.toMatchObject(unknown)
      })

      it('takes nothing from a blob that is complete', async () => {
        await client.complete(digestOf('hello'), body('hello'))
        await expect(client.cancel()).rejects.toMatchObject(unknown)
        expect(await client.read(digestOf('hello'))).toBe('hello')
      })
    })
  })
}
