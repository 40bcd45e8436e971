import { randomBytes } from 'node:crypto'
import { CreateMultipartUploadCommand, HeadObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { ByteBudget, type ByteStream, collect, streamOf } from '@berth/bytes'
import { layout, type Part, type StoragePath } from '@berth/storage'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clientOf, openOnServer } from './driver-under-test.ts'
import type { S3DriverOptions } from './s3-driver.ts'
import { leastPart, type S3Settings } from './s3-settings.ts'
import { noObserver } from './requests/store-observer.ts'

const mebibyte = 1024 * 1024
const at = (path: string): StoragePath => path as StoragePath
const area = at('/u/one')
const record = at('/u/one/checkpoint')

/** A driver, and what it asked of the store since it was opened. */
async function open(settings: Partial<S3Settings> = {}, options: Partial<S3DriverOptions> = {}) {
  const asked: string[] = []
  let copied = 0
  const sent: number[] = []
  const received: number[] = []
  const observer = {
    ...noObserver,
    requested: (operation: string) => void asked.push(operation),
    copied: (bytes: number) => void (copied += bytes),
    transferred: (operation: string, bytes: number) => void (operation === 'GetObject' ? received : sent).push(bytes),
  }
  const opened = await openOnServer({ chunkSize: leastPart, ...settings }, { observer, ...options })
  asked.splice(0)
  sent.splice(0)
  onTestFinished(() => opened.close())
  const contentAt = async (path: string) =>
    Buffer.from(await collect((await opened.driver.read(at(path))).content, Infinity))
  return { ...opened, asked, sent, received, copied: () => copied, contentAt }
}

const chunked = (content: Buffer, size = 65_536): ByteStream =>
  streamOf(
    ...Array.from({ length: Math.ceil(content.byteLength / size) }, (_, at_) =>
      content.subarray(at_ * size, (at_ + 1) * size),
    ),
  )

describe('short content that was read before', () => {
  it('is asked for, and not sent again while it is the same', async () => {
    const { driver, asked, received, contentAt } = await open()
    await driver.put(at('/link'), Buffer.from('one'))
    asked.splice(0)
    for (let time = 0; time < 3; time++) expect(String(await contentAt('/link'))).toBe('one')
    expect(asked).toEqual(['GetObject', 'GetObject', 'GetObject'])
    expect(received).toEqual([3])
  })

  it('is what others have written since', async () => {
    const { driver, contentAt, settings } = await open()
    const { driver: other, close } = await openOnServer(settings)
    onTestFinished(close)
    for (const text of ['one', 'two', 'one', 'three']) {
      await other.put(at('/link'), Buffer.from(text))
      expect(String(await contentAt('/link'))).toBe(text)
      expect(String(await contentAt('/link'))).toBe(text)
    }
    await other.delete(at('/link'))
    await expect(driver.read(at('/link'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })
})

describe('a whole write', () => {
  it('is one request where it is one part', async () => {
    const { driver, asked, contentAt } = await open()
    const content = randomBytes(3 * mebibyte)
    await driver.put(at('/file'), chunked(content))
    expect(asked).toEqual(['PutObject'])
    expect(content.equals(await contentAt('/file'))).toBe(true)
  })

  it('goes to its place in parts, and is copied by nobody', async () => {
    const { driver, asked, sent, copied, contentAt } = await open()
    const content = randomBytes(12 * mebibyte)
    await driver.put(at('/file'), chunked(content))
    expect(asked.toSorted()).toEqual([
      'CompleteMultipartUpload',
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'UploadPart',
    ])
    expect(sent.toSorted((one, other) => other - one)).toEqual([5 * mebibyte, 5 * mebibyte, 2 * mebibyte])
    expect(copied()).toBe(0)
    expect(content.equals(await contentAt('/file'))).toBe(true)
  })

  it('is copied where it was announced to be longer than the parts of an object can be', async () => {
    const { driver, copied, contentAt } = await open()
    const content = randomBytes(12 * mebibyte)
    await driver.put(at('/file'), chunked(content), { size: 200 * 1024 * mebibyte })
    expect(copied()).toBe(content.byteLength)
    expect(content.equals(await contentAt('/file'))).toBe(true)
    await expect(driver.stat(layout.temporaryRoot)).rejects.toThrow('PATH_NOT_FOUND')
  })

  it('leaves no part of a stream that throws', async () => {
    const { driver, asked, settings } = await open()
    const failing = async function* (): ByteStream {
      yield randomBytes(12 * mebibyte)
      throw new Error('cut off')
    }
    await expect(driver.put(at('/file'), failing())).rejects.toThrow('cut off')
    expect(asked).toContain('AbortMultipartUpload')
    expect(await unfinished(settings)).toEqual([])
  })

  it('lies where Distribution looks for it', async () => {
    const { driver, settings } = await open({ rootDirectory: '/some/root/' })
    await driver.put(at('/docker/registry/v2/x'), Buffer.from('x'))
    const client = clientOf(settings)
    onTestFinished(() => client.destroy())
    const command = { Bucket: settings.bucket, Key: 'some/root/docker/registry/v2/x' }
    const { ContentType } = await client.send(new HeadObjectCommand(command))
    expect(ContentType).toBe('application/octet-stream')
    await driver.delete(at('/docker'))
  })

  it('may have checksums, in one part and in many', async () => {
    const { driver, contentAt } = await open({ checksums: true })
    for (const size of [1000, 11 * mebibyte]) {
      const content = randomBytes(size)
      await driver.put(at('/file'), chunked(content))
      expect(content.equals(await contentAt('/file'))).toBe(true)
    }
  })
})

describe('buffers', () => {
  it('are of one budget, whatever the streams have, and are all given back', async () => {
    const budget = new ByteBudget(16 * mebibyte)
    let most = 0
    const { driver, contentAt } = await open({}, { budget })
    const contents = Array.from({ length: 8 }, () => randomBytes(11 * mebibyte))
    const watched = async function* (content: Buffer): ByteStream {
      for await (const chunk of chunked(content)) {
        most = Math.max(most, budget.taken)
        yield chunk
      }
    }
    await Promise.all(contents.map((content, index) => driver.put(at(`/dir/${index}`), watched(content))))
    expect(most).toBeLessThanOrEqual(budget.limit)
    expect(budget.taken).toBe(0)
    for (const [index, content] of contents.entries())
      expect(content.equals(await contentAt(`/dir/${index}`))).toBe(true)
  })

  it('hold up no append while others send nothing', async () => {
    const budget = new ByteBudget(6 * mebibyte)
    const { driver } = await open({}, { budget })
    await driver.swap(record, undefined, Buffer.from('{}'))
    const gate = Promise.withResolvers<void>()
    const slow = Array.from({ length: 3 }, (_, index) =>
      driver.append(
        area,
        [],
        (async function* () {
          yield randomBytes(1.5 * mebibyte + index)
          await gate.promise
        })(),
      ),
    )
    const content = randomBytes(20 * mebibyte)
    const parts = await driver.append(area, [], chunked(content))
    gate.resolve()
    await Promise.all(slow)
    const read = Buffer.from(await collect(driver.readParts(area, parts), Infinity))
    expect(content.equals(read)).toBe(true)
    expect(budget.taken).toBe(0)
    await (
      await driver.abort(area)
    ).removed
  })
})

/** Content that stops when a part of it has come, and goes on when the gate opens. */
async function* stopping(content: Buffer, at_: number, gate: Promise<void>, onStop: () => void): ByteStream {
  yield* chunked(content.subarray(0, at_))
  onStop()
  await gate
  yield* chunked(content.subarray(at_))
}

describe('slow clients, however many,', () => {
  it('keep nobody from writing, and have what they sent written, too', async () => {
    const budget = new ByteBudget(16 * mebibyte)
    const { driver, asked, copied, contentAt } = await open({}, { budget })
    const gate = Promise.withResolvers<void>()
    const contents = Array.from({ length: 20 }, (_, index) => randomBytes((2 + (index % 5) * 2) * mebibyte + index))
    const stopped = Promise.withResolvers<void>()
    let stops = 0
    const onStop = (): void => void (++stops === contents.length && stopped.resolve())
    const slow = contents.map((content, index) =>
      driver.put(at(`/slow/${index}`), stopping(content, 1.5 * mebibyte, gate.promise, onStop), {
        size: content.byteLength,
      }),
    )
    await stopped.promise
    const fast = randomBytes(12 * mebibyte)
    await driver.put(at('/fast'), chunked(fast), { size: fast.byteLength })
    const parts = await driver.append(area, [], chunked(fast))
    expect(fast.equals(await contentAt('/fast'))).toBe(true)
    expect(parts.reduce((sum, { size }) => sum + size, 0)).toBe(fast.byteLength)
    gate.resolve()
    await Promise.all(slow)
    for (const [index, content] of contents.entries())
      expect(content.equals(await contentAt(`/slow/${index}`))).toBe(true)
    expect(budget.taken).toBe(0)
    expect(copied()).toBe(0)
    expect(asked).toContain('PutObject')
    await expect(driver.stat(layout.temporaryRoot)).rejects.toThrow('PATH_NOT_FOUND')
  })

  it('cost what they have sent', async () => {
    const budget = new ByteBudget(16 * mebibyte)
    const { driver, asked } = await open({}, { budget })
    const gate = Promise.withResolvers<void>()
    const content = randomBytes(6 * mebibyte)
    const stopped = Promise.withResolvers<void>()
    let stops = 0
    const onStop = (): void => void (++stops === 100 && stopped.resolve())
    const slow = Array.from({ length: 100 }, (_, index) =>
      driver.put(at(`/slow/${index}`), stopping(content, 1000, gate.promise, onStop), { size: content.byteLength }),
    )
    await stopped.promise
    expect(budget.taken).toBeLessThanOrEqual(100_000)
    gate.reject(new Error('cut off'))
    for (const each of slow) await expect(each).rejects.toThrow('cut off')
    expect(asked).toEqual([])
    expect(budget.taken).toBe(0)
  })
})

describe('parts of an upload', () => {
  it('cost one request for a short chunk, and are sent again no more than doubling takes', async () => {
    const { driver, asked, sent } = await open()
    const chunks = Array.from({ length: 64 }, () => randomBytes(1000))
    let parts: readonly Part[] = []
    let most = 0
    for (const chunk of chunks) {
      asked.splice(0)
      parts = await driver.append(area, parts, streamOf(chunk))
      expect(asked.filter((operation) => operation !== 'GetObject')).toEqual(['PutObject'])
      most = Math.max(most, parts.length)
    }
    expect(most).toBeLessThanOrEqual(8)
    expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(64 * 1000 * 7)
    const read = Buffer.from(await collect(driver.readParts(area, parts), Infinity))
    expect(Buffer.concat(chunks).equals(read)).toBe(true)
  })

  it('are joined once there are many, by the store where they are long enough', async () => {
    const { driver, copied, contentAt } = await open({}, { mostUploadParts: 4 })
    let parts: readonly Part[] = []
    const chunks = Array.from({ length: 9 }, (_, index) => randomBytes(leastPart + index))
    for (const chunk of chunks) {
      parts = await driver.append(area, parts, streamOf(chunk))
      expect(parts.length).toBeLessThanOrEqual(5)
    }
    expect(copied()).toBeGreaterThan(4 * leastPart)
    await driver.complete(area, parts, at('/file'))
    expect(Buffer.concat(chunks).equals(await contentAt('/file'))).toBe(true)
  })

  it.each([
    ['one part', [20], { copyThreshold: 32 * mebibyte }, ['CopyObject']],
    [
      'one part above the threshold',
      [20],
      { copyThreshold: mebibyte, copyChunkSize: 10 * mebibyte },
      ['UploadPartCopy', 'UploadPartCopy'],
    ],
    ['several', [6, 7, 1], {}, ['UploadPartCopy', 'UploadPartCopy', 'UploadPartCopy']],
    ['a short one in front', [1, 14], {}, ['UploadPart', 'UploadPartCopy']],
  ])('are copied within the store: %s', async (_name, sizes, settings, expected) => {
    const { driver, asked, contentAt } = await open({ chunkSize: 32 * mebibyte, ...settings })
    const contents = sizes.map((size) => randomBytes(size * mebibyte))
    let parts: readonly Part[] = []
    for (const content of contents) parts = [...parts, ...(await driver.append(area, [], streamOf(content)))]
    asked.splice(0)
    await driver.complete(area, parts, at('/file'))
    expect(asked.filter((operation) => /Copy|^UploadPart$/.test(operation)).toSorted()).toEqual(expected)
    expect(Buffer.concat(contents).equals(await contentAt('/file'))).toBe(true)
  })
})

describe('the purge', () => {
  it('aborts multipart uploads that are old enough, Distribution’s too, and none of others in the bucket', async () => {
    let nowMs = Date.now()
    const { driver, settings } = await open({}, { nowMs: () => nowMs })
    const client = clientOf(settings)
    onTestFinished(() => client.destroy())
    const root = settings.rootDirectory.slice(1)
    for (const Key of [`${root}/docker/registry/v2/abandoned`, `${root}/elsewhere`])
      await client.send(new CreateMultipartUploadCommand({ Bucket: settings.bucket, Key }))
    expect(await driver.purgeTemporary(3_600_000)).toBe(0)
    nowMs += 2 * 3_600_000
    expect(await driver.purgeTemporary(3_600_000)).toBe(1)
    expect(await unfinished(settings)).toEqual([`${root}/elsewhere`])
  })

  it('removes what a start that was killed left, once it is old enough', async () => {
    let nowMs = Date.now()
    const { driver } = await open({}, { nowMs: () => nowMs })
    await driver.put(at('/berth/v1/tmp/probe.1'), Buffer.from('probe'))
    await driver.put(at('/berth/v1/secret'), Buffer.from('secret'))
    expect(await driver.purgeTemporary(3_600_000)).toBe(0)
    nowMs += 2 * 3_600_000
    expect(await driver.purgeTemporary(3_600_000)).toBe(1)
    await expect(driver.stat(at('/berth/v1/tmp/probe.1'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    expect(await driver.stat(at('/berth/v1/secret'))).toMatchObject({ size: 6 })
  })
})

describe('a signed URL', () => {
  it('lets whoever has it read the content, and ranges of it', async () => {
    const { driver } = await open()
    await driver.put(at('/file'), Buffer.from('0123456789'))
    const url = await driver.redirectUrl(at('/file'), 60_000)
    expect(await (await fetch(url)).text()).toBe('0123456789')
    const range = await fetch(url, { headers: { Range: 'bytes=2-4' } })
    expect([range.status, await range.text()]).toEqual([206, '234'])
    expect((await fetch(url.replace(/X-Amz-Signature=./, 'X-Amz-Signature=_'))).status).toBe(403)
  })

  it('is made once for a while, and then anew', async () => {
    let nowMs = Date.now()
    const { driver } = await open({}, { nowMs: () => nowMs })
    const first = await driver.redirectUrl(at('/file'), 60_000)
    expect(await driver.redirectUrl(at('/file'), 60_000)).toBe(first)
    expect(await driver.redirectUrl(at('/other'), 60_000)).not.toBe(first)
    nowMs += 60_000
    const expiry = (url: string) => new URL(url).searchParams.get('X-Amz-Expires')
    expect(expiry(await driver.redirectUrl(at('/file'), 120_000))).toBe('120')
  })

  it('is of the endpoint that clients reach', async () => {
    const { driver } = await open({ redirectEndpoint: 'https://cdn.example' })
    expect(new URL(await driver.redirectUrl(at('/file'), 60_000)).host).toBe('cdn.example')
  })
})

/** The keys of multipart uploads below the driver's root that are neither completed nor aborted. */
async function unfinished(settings: S3Settings): Promise<readonly (string | undefined)[]> {
  const client = clientOf(settings)
  const prefix = { Bucket: settings.bucket, Prefix: settings.rootDirectory.slice(1) }
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(prefix))
  client.destroy()
  return Uploads.map(({ Key }) => Key)
}
