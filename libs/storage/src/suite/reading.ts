import { describe, expect, it } from 'vitest'
import { collect } from '@berth/bytes'
import { at, bytes, contentAt, type OpenDriver, patterned, textAt, useDriver } from './subject.ts'

const mebibyte = 1024 * 1024

export function describeReading(open: OpenDriver): void {
  describe('reading', () => {
    const driver = useDriver(open)

    it.each([
      [0, 0],
      [0, 1],
      [0, 3 * mebibyte],
      [1, 2],
      [64 * 1024 - 1, 64 * 1024 + 1],
      [mebibyte, 2 * mebibyte],
      [2 * mebibyte + 17, 3 * mebibyte],
      [3 * mebibyte, 3 * mebibyte],
    ])('reads bytes %i to %i of 3 MiB', async (start, end) => {
      const content = patterned(3 * mebibyte)
      await driver().put(at('/file'), content)
      const { size, content: stream } = await driver().read(at('/file'), { range: { start, end } })
      expect(size).toBe(3 * mebibyte)
      expect(content.subarray(start, end).equals(await collect(stream, Infinity))).toBe(true)
    })

    it.each([
      [0, 11],
      [10, 11],
      [11, 11],
      [5, 4],
      [-1, 4],
    ])('refuses bytes %i to %i of 10', async (start, end) => {
      await driver().put(at('/file'), bytes('0123456789'))
      await expect(driver().read(at('/file'), { range: { start, end } })).rejects.toMatchObject({
        code: 'INVALID_RANGE',
        path: '/file',
        driver: driver().name,
      })
    })

    it('reads a range of nothing', async () => {
      await driver().put(at('/file'), bytes(''))
      expect(await contentAt(driver(), '/file', { start: 0, end: 0 })).toHaveLength(0)
    })

    it('tells the size before the first byte', async () => {
      await driver().put(at('/file'), patterned(100_000))
      const { size, content } = await driver().read(at('/file'))
      expect(size).toBe(100_000)
      expect(await collect(content, Infinity)).toHaveLength(100_000)
    })

    it.each([
      ['read', '/nothing'],
      ['read', '/dir'],
      ['stat', '/nothing'],
      ['stat', '/dir/nothing'],
      ['readVersioned', '/nothing'],
      ['readVersioned', '/dir/nothing'],
    ] as const)('%s of %s finds nothing', async (method, path) => {
      await driver().put(at('/dir/file'), bytes('x'))
      await expect(driver()[method](at(path))).rejects.toMatchObject({
        code: 'PATH_NOT_FOUND',
        path,
        driver: driver().name,
      })
    })

    it('reads a range of nothing that is there as nothing there', async () => {
      const read = driver().read(at('/nothing'), { range: { start: 0, end: 1 } })
      await expect(read).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it('shows 32 readers at once the same content', async () => {
      const content = patterned(mebibyte)
      await driver().put(at('/file'), content)
      const reads = Array.from({ length: 32 }, () => contentAt(driver(), '/file'))
      const same = (await Promise.all(reads)).filter((each) => each.equals(content))
      expect(same).toHaveLength(32)
    })

    it('shows a reader one whole version of what is replaced meanwhile', async () => {
      const before = patterned(4 * mebibyte, 1)
      await driver().put(at('/file'), before)
      const { content } = await driver().read(at('/file'))
      const chunks: Uint8Array[] = []
      for await (const chunk of content) {
        if (chunks.length === 0) await driver().put(at('/file'), patterned(mebibyte, 2))
        chunks.push(chunk)
      }
      expect(before.equals(Buffer.concat(chunks))).toBe(true)
    })

    it('shows readers whole versions while writers replace them', async () => {
      const versions = [1, 2, 3, 4].map((seed) => patterned(300_000 + seed, seed))
      await driver().put(at('/file'), versions[0] as Buffer)
      const writes = versions.map((content) => driver().put(at('/file'), content))
      const reads = Array.from({ length: 16 }, () => contentAt(driver(), '/file'))
      const seen = await Promise.all(reads)
      await Promise.all(writes)
      expect(seen.filter((content) => !versions.some((version) => version.equals(content)))).toHaveLength(0)
    })

    it('gives chunks that the consumer may write to', async () => {
      await driver().put(at('/file'), patterned(200_000))
      for await (const chunk of (await driver().read(at('/file'))).content) chunk.fill(0)
      expect(patterned(200_000).equals(await contentAt(driver(), '/file'))).toBe(true)
    })

    it('lets a reader stop before the end', async () => {
      await driver().put(at('/file'), patterned(2 * mebibyte))
      const { content } = await driver().read(at('/file'))
      for await (const chunk of content) {
        expect(chunk.byteLength).toBeGreaterThan(0)
        break
      }
      expect(await contentAt(driver(), '/file')).toHaveLength(2 * mebibyte)
    })

    it('reads nothing when the signal was aborted before', async () => {
      const reason = new Error('gone')
      await driver().put(at('/file'), bytes('x'))
      await expect(driver().read(at('/file'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    })

    it('stops reading when the signal is aborted', async () => {
      const reason = new Error('gone')
      const controller = new AbortController()
      await driver().put(at('/file'), patterned(4 * mebibyte))
      const { content } = await driver().read(at('/file'), { signal: controller.signal })
      const reading = (async () => {
        for await (const chunk of content) if (chunk.byteLength > 0) controller.abort(reason)
      })()
      await expect(reading).rejects.toBe(reason)
    })

    it('tells of content its size and age', async () => {
      const { modifiedAtMs: earlier } = await putAndStat('/earlier')
      const stat = await putAndStat('/file')
      expect(stat).toMatchObject({ size: 5, isDirectory: false })
      expect(stat.modifiedAtMs).toBeGreaterThanOrEqual(earlier)
    })

    it('tells of a directory that it is one', async () => {
      await driver().put(at('/dir/sub/file'), bytes('x'))
      expect(await driver().stat(at('/dir'))).toMatchObject({ size: 0, isDirectory: true })
      expect(await driver().stat(at('/dir/sub'))).toMatchObject({ size: 0, isDirectory: true })
      expect(await driver().stat(at('/'))).toMatchObject({ size: 0, isDirectory: true })
    })

    it('does not take a name for a directory because a longer one begins with it', async () => {
      await driver().put(at('/ab/file'), bytes('x'))
      await expect(driver().stat(at('/a'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await textAt(driver(), '/ab/file')).toBe('x')
    })

    async function putAndStat(path: string) {
      await driver().put(at(path), bytes('12345'))
      return driver().stat(at(path))
    }
  })
}
