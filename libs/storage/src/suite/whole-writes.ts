import { describe, expect, it } from 'vitest'
import { streamOf } from '@berth/bytes'
import {
  at,
  bytes,
  contentAt,
  failingStream,
  gatedStream,
  type OpenDriver,
  patterned,
  textAt,
  useDriver,
} from './subject.ts'

const mebibyte = 1024 * 1024

const contents: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', bytes('x')],
  ['32 bytes', patterned(32)],
  ['text beyond ASCII', bytes('Hafen · 港 · לִמֵן')],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0x80, 0xed, 0xa0, 0x80])],
  ['one byte below 64 KiB', patterned(64 * 1024 - 1)],
  ['64 KiB', patterned(64 * 1024)],
  ['1 MiB', patterned(mebibyte)],
  ['5 MiB and a byte', patterned(5 * mebibyte + 1)],
]

const chunked = (content: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(content.byteLength / size) }, (_, index) =>
    content.subarray(index * size, (index + 1) * size),
  )

export function describeWholeWrites(open: OpenDriver): void {
  describe('whole writes', () => {
    const driver = useDriver(open)

    it.each(contents)('gives back %s as it was put', async (_name, content) => {
      await driver().put(at('/dir/file'), content)
      expect(content.equals(await contentAt(driver(), '/dir/file'))).toBe(true)
    })

    it.each(contents)('gives back %s as it was put as a stream', async (_name, content) => {
      await driver().put(at('/dir/file'), streamOf(...chunked(content, 60_000)))
      expect(content.equals(await contentAt(driver(), '/dir/file'))).toBe(true)
    })

    it('takes a stream of very many small chunks, some of them empty', async () => {
      const content = patterned(5_000)
      const chunks = chunked(content, 1).flatMap((chunk) => [chunk, Buffer.alloc(0)])
      await driver().put(at('/file'), streamOf(...chunks))
      expect(content.equals(await contentAt(driver(), '/file'))).toBe(true)
    })

    it.each([true, false])('keeps what is put with durable: %s', async (durable) => {
      await driver().put(at('/file'), bytes('content'), { durable })
      expect(await textAt(driver(), '/file')).toBe('content')
    })

    it('replaces longer content by shorter', async () => {
      await driver().put(at('/file'), patterned(mebibyte))
      await driver().put(at('/file'), bytes('short'))
      expect(await textAt(driver(), '/file')).toBe('short')
    })

    it('replaces content again and again', async () => {
      for (const seed of [1, 2, 3, 4]) {
        const content = patterned(mebibyte + seed, seed)
        await driver().put(at('/file'), content)
        expect(content.equals(await contentAt(driver(), '/file'))).toBe(true)
      }
    })

    it('does not keep what the caller does to its bytes later', async () => {
      const content = bytes('before')
      await driver().put(at('/file'), content)
      content.fill('x')
      expect(await textAt(driver(), '/file')).toBe('before')
    })

    it('leaves nothing of a stream that throws, and throws its error on', async () => {
      const error = new Error('cut off')
      await expect(driver().put(at('/file'), failingStream(error, patterned(3 * mebibyte)))).rejects.toBe(error)
      await expect(driver().stat(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it('leaves what was there when a stream throws', async () => {
      await driver().put(at('/file'), bytes('before'))
      await expect(driver().put(at('/file'), failingStream(new Error('cut off'), bytes('after')))).rejects.toThrow(
        'cut off',
      )
      expect(await textAt(driver(), '/file')).toBe('before')
    })

    it('shows nothing of a stream before it ends', async () => {
      const gate = Promise.withResolvers<void>()
      const put = driver().put(at('/dir/file'), gatedStream(gate.promise, patterned(3 * mebibyte)))
      await expect(driver().stat(at('/dir/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      gate.resolve()
      await put
      expect(await driver().stat(at('/dir/file'))).toMatchObject({ size: 3 * mebibyte })
    })

    it('stores nothing when the signal was aborted before', async () => {
      const reason = new Error('gone')
      const put = driver().put(at('/file'), bytes('x'), { signal: AbortSignal.abort(reason) })
      await expect(put).rejects.toBe(reason)
      await expect(driver().stat(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it('stops waiting for a stream when the signal is aborted, and leaves nothing', async () => {
      const reason = new Error('gone')
      const controller = new AbortController()
      const gate = Promise.withResolvers<void>()
      const put = driver().put(at('/file'), gatedStream(gate.promise, bytes('x')), { signal: controller.signal })
      controller.abort(reason)
      await expect(put).rejects.toBe(reason)
      await expect(driver().stat(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      gate.resolve()
    })

    it('keeps streams of many sizes apart that come side by side', async () => {
      const streams = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 2_000_000].map((size) => patterned(size, size))
      await Promise.all(streams.map((content, index) => driver().put(at(`/dir/${index}`), streamOf(content))))
      for (const [index, content] of streams.entries()) {
        expect(content.equals(await contentAt(driver(), `/dir/${index}`))).toBe(true)
      }
    })

    it('leaves one whole version of many that are put at once', async () => {
      const versions = Array.from({ length: 8 }, (_, index) => patterned(200_000 + index, index + 1))
      await Promise.all(versions.map((content) => driver().put(at('/file'), content)))
      const left = await contentAt(driver(), '/file')
      expect(versions.filter((content) => content.equals(left))).toHaveLength(1)
    })
  })
}
