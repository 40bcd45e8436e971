import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { collect, streamOf } from '@berth/bytes'
import { type Part, StorageError, type StoragePath } from '@berth/storage'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openOnServer, settingsUnderTest } from '../driver-under-test.ts'
import { FaultyProxy, type Fate } from '../faulty-proxy.ts'
import type { S3DriverOptions } from '../s3-driver.ts'
import { leastPart, type S3Settings } from '../s3-settings.ts'
import { noObserver } from './store-observer.ts'

const mebibyte = 1024 * 1024
const at = (path: string): StoragePath => path as StoragePath
const record = at('/u/one/checkpoint')

/** A driver whose store is behind a proxy; what the proxy does begins once the driver is open. */
async function open(settings: Partial<S3Settings> = {}, options: Partial<S3DriverOptions> = {}) {
  const circuit: boolean[] = []
  const { endpoint = '' } = settingsUnderTest()
  const proxy = await FaultyProxy.to(endpoint)
  onTestFinished(() => proxy.close())
  const observer = { ...noObserver, circuitChanged: (isOpen: boolean) => void circuit.push(isOpen) }
  const { driver } = await openOnServer(
    { endpoint: proxy.endpoint, chunkSize: leastPart, ...settings },
    { observer, ...options },
  )
  onTestFinished(() => driver.close())
  proxy.seen.splice(0)
  return { driver, proxy, circuit }
}

/** For the first requests that match, one fate each; the others pass. */
function first(pattern: RegExp, ...fates: readonly Fate[]): (method: string, url: string) => Fate {
  const left = [...fates]
  return (method, url) => (pattern.test(`${method} ${url}`) ? (left.shift() ?? 'pass') : 'pass')
}

const slowDown: Fate = { status: 503, code: 'SlowDown' }
const internal: Fate = { status: 500, code: 'InternalError' }
/** A good answer that says so of the first key. */
function deletionAnswer(body: string, code: string, bodies: string[] = []): string {
  bodies.push(body)
  const key = /<Key>([^<]*)<\/Key>/.exec(body)?.[1] ?? ''
  return `<DeleteResult><Error><Key>${key}</Key><Code>${code}</Code><Message>no</Message></Error></DeleteResult>`
}

const text = async (content: AsyncIterable<Uint8Array>) => Buffer.from(await collect(content, Infinity)).toString()

describe('a request that is', () => {
  it.each([
    ['throttled', slowDown],
    ['answered by an error', internal],
    ['cut', 'cut'],
    ['done, and whose answer is lost,', 'lose answer'],
  ] as const)('%s is made again: a put, a read, a list, a removal', async (_name, fate) => {
    const { driver, proxy } = await open()
    proxy.fate = first(/^PUT/, fate, fate)
    await driver.put(at('/dir/file'), Buffer.from('content'))
    proxy.fate = first(/^GET/, fate)
    expect(await text((await driver.read(at('/dir/file'))).content)).toBe('content')
    proxy.fate = first(/list-type/, fate)
    for await (const { name } of driver.list(at('/dir'))) expect(name).toBe('file')
    proxy.fate = first(/^POST/, fate)
    await driver.delete(at('/dir/file'))
  })

  it('never answered is made again while there is time: a put, a read', async () => {
    const { driver, proxy } = await open({ timeoutMs: 6000 })
    proxy.fate = first(/^PUT/, 'hang')
    await driver.put(at('/file'), Buffer.from('content'))
    proxy.fate = first(/^GET/, 'hang')
    expect(await text((await driver.read(at('/file'))).content)).toBe('content')
  })

  it('about many objects, or a copy, has more time', async () => {
    const { driver, proxy } = await open({ timeoutMs: 3000 })
    const parts = await driver.append(at('/u/one'), [], streamOf(randomBytes(1000)))
    proxy.seen.splice(0)
    proxy.fate = first(/^(PUT|POST)/, { delayMs: 1500 }, { delayMs: 1500 })
    await driver.complete(at('/u/one'), parts, at('/file'))
    await driver.abort(at('/u/one'), ['checkpoint'])
    expect(proxy.seen.filter((each) => /^(PUT|POST)/.test(each))).toHaveLength(2)
  })

  it('done, and whose answer is lost, is no failure of a condition: create', async () => {
    const { driver, proxy } = await open()
    proxy.fate = first(/^PUT/, 'lose answer')
    expect(await driver.create(at('/file'), Buffer.from('x'))).toBe(true)
    proxy.fate = first(/^PUT/, 'lose answer')
    expect(await driver.create(at('/file'), Buffer.from('x'))).toBe(false)
  })

  it('done, and whose answer is lost, is no failure of a condition: swap', async () => {
    const { driver, proxy } = await open()
    proxy.fate = first(/^PUT/, 'lose answer')
    const one = await driver.swap(record, undefined, Buffer.from('one'))
    proxy.fate = first(/^PUT/, 'lose answer', internal)
    const two = await driver.swap(record, one, Buffer.from('two'))
    expect(await driver.readVersioned(record)).toMatchObject({ version: two })
    proxy.fate = first(/^PUT/, 'lose answer')
    await expect(driver.swap(record, one, Buffer.from('late'))).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
  })
})

describe('a removal that is done, and whose answer is lost,', () => {
  it.each([
    ['what was written meanwhile', 'new'],
    ['the same content that was written again meanwhile', 'old'],
  ])('does not remove %s when it is made again', async (_name, content) => {
    const { driver, proxy, seen } = await removing()
    proxy.fate = first(/^POST .*delete/, 'lose answer', 'lose answer')
    const removal = driver.delete(at('/dir/file'))
    await seen()
    await driver.put(at('/dir/file'), Buffer.from(content))
    await removal
    expect(await text((await driver.read(at('/dir/file'))).content)).toBe(content)
  })

  it('does not remove what was written meanwhile below a directory', async () => {
    const { driver, proxy, seen } = await removing()
    proxy.fate = first(/^POST .*delete/, 'lose answer')
    const removal = driver.delete(at('/dir'))
    await seen()
    await driver.put(at('/dir/file'), Buffer.from('new'))
    await removal
    expect(await text((await driver.read(at('/dir/file'))).content)).toBe('new')
    await expect(driver.stat(at('/dir/other'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  /** Two files of a directory, and when the first is gone. */
  async function removing() {
    const { driver, proxy } = await open()
    await driver.put(at('/dir/file'), Buffer.from('old'))
    await driver.put(at('/dir/other'), Buffer.from('old'))
    const exists = () => driver.stat(at('/dir/file')).then(Boolean, () => false)
    return { driver, proxy, seen: () => expect.poll(exists, { interval: 1 }).toBe(false) }
  }
})

describe('a removal of several objects', () => {
  it.each([
    ['AccessDenied', 1],
    ['InternalError', 2],
  ])('of which the store answers one with %s makes %i requests, the next about that one alone', async (code, asked) => {
    const { driver, proxy } = await open({ maxAttempts: 2 })
    await driver.put(at('/dir/one'), Buffer.from('x'))
    await driver.put(at('/dir/two'), Buffer.from('x'))
    const bodies: string[] = []
    proxy.fate = (method, url) => {
      if (!/^POST .*delete/.test(`${method} ${url}`)) return 'pass'
      return { answerTo: (body) => deletionAnswer(body, code, bodies) }
    }
    await expect(driver.delete(at('/dir'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(bodies.map((body) => body.match(/<Key>/g)?.length)).toEqual([2, 1].slice(0, asked))
  })
})

describe('a write in parts', () => {
  it.each([
    ['CreateMultipartUpload', /^POST .*uploads/],
    ['UploadPart', /^PUT .*partNumber/],
    ['CompleteMultipartUpload', /^POST .*uploadId/],
  ])('is whole where the answer to %s is lost, or it is throttled', async (_name, pattern) => {
    const content = randomBytes(11 * mebibyte)
    for (const fate of ['lose answer', slowDown] as const) {
      const { driver, proxy } = await open()
      proxy.fate = first(pattern, fate)
      await driver.put(at('/file'), streamOf(content))
      const read = Buffer.from(await collect((await driver.read(at('/file'))).content, Infinity))
      expect(content.equals(read)).toBe(true)
    }
  })

  it.each([
    ['is done', 'has the same digest', '/docker/registry/v2/blobs/sha256/00/0000/data', 'done'],
    ['fails', 'may be anything', '/file', 'STORAGE_UNAVAILABLE'],
  ])('%s where somebody else has written what %s', async (_name, _what, path, expected) => {
    const { driver, proxy } = await open()
    const content = randomBytes(11 * mebibyte)
    await driver.put(at(path), content)
    proxy.fate = first(/^POST .*uploadId/, 'cut', { status: 404, code: 'NoSuchUpload' })
    const put = driver.put(at(path), streamOf(content))
    const outcome = await put.then(
      () => 'done',
      (error: unknown) => (error instanceof StorageError ? error.code : error),
    )
    expect(outcome).toBe(expected)
  })

  it('leaves nothing where the store refuses a part for good', async () => {
    const { driver, proxy } = await open()
    proxy.fate = (method, url) =>
      /^PUT .*partNumber=2/.test(`${method} ${url}`) ? { status: 403, code: 'No' } : 'pass'
    const put = driver.put(at('/file'), streamOf(randomBytes(16 * mebibyte)))
    await expect(put).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(proxy.seen.some((each) => /^DELETE .*uploadId/.test(each))).toBe(true)
    await expect(driver.stat(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })
})

describe('an upload of many parts', () => {
  it('takes what comes though its oldest parts cannot be joined, and joins them later', async () => {
    const { driver, proxy } = await open({}, { mostUploadParts: 4 })
    let parts: readonly Part[] = []
    const chunks = Array.from({ length: 7 }, (_, index) => randomBytes(100_000 - index * 10_000))
    proxy.fate = (method) => (method === 'GET' ? { status: 403, code: 'No' } : 'pass')
    for (const [index, chunk] of chunks.entries()) {
      if (index === 6) proxy.fate = () => 'pass'
      parts = await driver.append(at('/u/one'), parts, streamOf(chunk))
      expect(parts).toHaveLength(index < 6 ? index + 1 : 1)
    }
    const read = Buffer.from(await collect(driver.readParts(at('/u/one'), parts), Infinity))
    expect(Buffer.concat(chunks).equals(read)).toBe(true)
  })
})

describe('content that is cut off', () => {
  it('is continued where it was cut, again and again', async () => {
    const { driver, proxy } = await open()
    const content = randomBytes(3 * mebibyte)
    await driver.put(at('/file'), content)
    proxy.fate = first(/^GET/, { cutAfter: 100_000 }, 'cut', { cutAfter: 1_000_000 }, slowDown, { cutAfter: 0 })
    const read = Buffer.from(await collect((await driver.read(at('/file'))).content, Infinity))
    expect(content.equals(read)).toBe(true)
  })

  it('is continued within the range that was asked for', async () => {
    const { driver, proxy } = await open()
    const content = randomBytes(3 * mebibyte)
    await driver.put(at('/file'), content)
    proxy.fate = first(/^GET/, { cutAfter: 500_000 })
    const range = { start: 1000, end: 2 * mebibyte }
    const read = Buffer.from(await collect((await driver.read(at('/file'), { range })).content, Infinity))
    expect(content.subarray(1000, 2 * mebibyte).equals(read)).toBe(true)
  })

  it('is continued on its way to a client, again and again', async () => {
    const { driver, proxy } = await open()
    const content = randomBytes(3 * mebibyte)
    await driver.put(at('/file'), content)
    proxy.fate = first(/^GET/, { cutAfter: 100_000 }, 'cut', { cutAfter: 1_000_000 }, slowDown, { cutAfter: 0 })
    const received: Buffer[] = []
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      received.push(Buffer.from(chunk))
      setImmediate(done)
    }
    const target = new Writable({ write })
    await driver.sendTo(at('/file'), { start: 1000, end: 2 * mebibyte }, target)
    expect(content.subarray(1000, 2 * mebibyte).equals(Buffer.concat(received))).toBe(true)
  })

  it('is asked for no longer by a reader that stops, though it had not begun', async () => {
    const { driver } = await open()
    await driver.put(at('/file'), randomBytes(3 * mebibyte))
    for (const chunks of [0, 1]) {
      const content = (await driver.read(at('/file'))).content[Symbol.asyncIterator]()
      for (let count = 0; count < chunks; count += 1) await content.next()
      await content.return?.()
      expect(await content.next()).toMatchObject({ done: true })
    }
  })

  it('is an outage where it has become another meanwhile', async () => {
    const { driver, proxy } = await open({ maxAttempts: 2 })
    await driver.put(at('/file'), randomBytes(3 * mebibyte))
    proxy.fate = first(/^GET/, { cutAfter: 100_000 })
    const { content } = await driver.read(at('/file'))
    const reading = (async () => {
      let isFirst = true
      for await (const chunk of content) {
        if (isFirst) await driver.put(at('/file'), randomBytes(3 * mebibyte))
        isFirst = chunk.byteLength === 0
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })
})

describe('a store that is gone', () => {
  it('is an outage within the time that is given, then at once, and over as soon as it is back', async () => {
    const { driver, proxy, circuit } = await open({ maxAttempts: 50, timeoutMs: 2000 })
    await driver.put(at('/file'), Buffer.from('x'))
    proxy.fate = () => 'cut'
    const reads = Array.from({ length: 8 }, () => driver.stat(at('/file')))
    for (const outcome of await Promise.allSettled(reads))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_UNAVAILABLE' } })
    expect(circuit).toEqual([true])
    proxy.fate = () => 'pass'
    await expect.poll(() => driver.check().then(String, String), { timeout: 20_000 }).toBe('undefined')
    expect(await driver.stat(at('/file'))).toMatchObject({ size: 1 })
    expect(circuit).toEqual([true, false])
  })
})

describe('a check', () => {
  it('asks nothing of a store that has just answered', async () => {
    const { driver, proxy } = await open()
    await driver.put(at('/file'), Buffer.from('x'))
    proxy.seen.splice(0)
    await driver.check()
    expect(proxy.seen).toEqual([])
  })

  it('asks a store of which nothing was heard, and fails where that is gone', async () => {
    const { proxy } = await open()
    const { driver } = await openOnServer({ endpoint: proxy.endpoint, maxAttempts: 1 }, { mostQuietMs: 0 })
    onTestFinished(() => driver.close())
    await driver.check()
    proxy.fate = () => 'cut'
    await expect(driver.check()).rejects.toThrow('HeadObject')
  })
})

describe('a driver', () => {
  it('sends checksums where it is told to, and none elsewhere', async () => {
    for (const checksums of [true, false]) {
      const { driver, proxy } = await open({ checksums })
      proxy.headers.splice(0)
      await driver.put(at('/file'), Buffer.from('123456789'))
      expect(proxy.headers[0]?.['x-amz-checksum-crc32']).toBe(checksums ? 'y/Q5Jg==' : undefined)
    }
  })

  it.each([
    [true, [undefined, expect.any(String)]],
    [false, [expect.any(String), undefined]],
  ])('sends with a removal the checksum that the store knows: checksums: %s', async (checksums, sums) => {
    const { driver, proxy } = await open({ checksums })
    await driver.put(at('/file'), Buffer.from('x'))
    proxy.headers.splice(0)
    await driver.delete(at('/file'))
    const headers = proxy.headers.at(-1)
    expect([headers?.['content-md5'], headers?.['x-amz-checksum-crc32']]).toEqual(sums)
    await expect(driver.stat(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  it.each([
    ['does not know conditions', { status: 501, code: 'NotImplemented' } as const, 'does not heed'],
    ['does not let it write', { status: 403, code: 'AccessDenied' } as const, 'AccessDenied'],
  ])('does not open a store that %s', async (_name, fate, message) => {
    const { endpoint = '' } = settingsUnderTest()
    const proxy = await FaultyProxy.to(endpoint)
    onTestFinished(() => proxy.close())
    let puts = 0
    proxy.fate = (method) => (method === 'PUT' && (fate.status === 403 || (puts += 1) > 1) ? fate : 'pass')
    await expect(openOnServer({ endpoint: proxy.endpoint })).rejects.toThrow(message)
  })

  it('that only reads asks for a list at its start, and writes nothing', async () => {
    const { proxy } = await open()
    const { driver } = await openOnServer({ endpoint: proxy.endpoint }, { isReadOnly: true })
    onTestFinished(() => driver.close())
    expect(proxy.seen.map((each) => each.replace(/\?.*/, ''))).toEqual(['GET /driver-tests/'])
  })

  it('that only reads does not open a bucket that is not there', async () => {
    const opened = openOnServer({ bucket: 'not-there' }, { isReadOnly: true })
    await expect(opened).rejects.toThrow('NoSuchBucket')
  })

  it('does not open a store that does not let it remove', async () => {
    const { endpoint = '' } = settingsUnderTest()
    const proxy = await FaultyProxy.to(endpoint)
    onTestFinished(() => proxy.close())
    proxy.fate = first(/^POST .*delete/, { answerTo: (body) => deletionAnswer(body, 'AccessDenied') })
    await expect(openOnServer({ endpoint: proxy.endpoint })).rejects.toThrow('AccessDenied')
  })
})
