import { readdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { streamOf } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { openInTemporaryDirectory } from './driver-under-test.ts'
import { RecordedFileSystem } from './recorded-file-system.ts'

const at = (path: string): StoragePath => path as StoragePath
const content = Buffer.from('content')
const mebibyte = 1024 * 1024

describe('durability', () => {
  let recorded: RecordedFileSystem
  let opened: Awaited<ReturnType<typeof openInTemporaryDirectory>>

  beforeEach(async () => {
    recorded = new RecordedFileSystem()
    opened = await openInTemporaryDirectory({ files: recorded.files })
  })

  afterEach(async () => {
    await opened.close()
  })

  /** What a call syncs: `data` for the content of a new file, and directories by their path in the tree. */
  async function syncsOf(call: () => Promise<unknown>): Promise<readonly string[]> {
    recorded.calls.length = 0
    await call()
    return recorded.syncs
      .map((path) => (path.startsWith('data ') ? 'data' : path.slice(opened.rootDirectory.length)))
      .toSorted()
  }

  it('syncs the content, every directory that it made, and their parents', async () => {
    const { driver } = opened
    expect(await syncsOf(() => driver.put(at('/a/b/c/file'), content))).toEqual(['', '/a', '/a/b', '/a/b/c', 'data'])
  })

  it('syncs one directory once what is above it is settled', async () => {
    const { driver } = opened
    await driver.put(at('/a/b/one'), content)
    expect(await syncsOf(() => driver.put(at('/a/b/two'), content))).toEqual(['/a/b', 'data'])
    expect(await syncsOf(() => driver.put(at('/a/new/file'), content))).toEqual(['/a', '/a/new', 'data'])
  })

  it('syncs directories that it finds, since whoever made them may not have', async () => {
    const { driver } = opened
    await driver.put(at('/a/b/file'), content, { durable: false })
    expect(await syncsOf(() => driver.put(at('/a/b/file'), content))).toEqual(['', '/a', '/a/b', 'data'])
  })

  it('syncs a blob that is put whole, and its link, six times', async () => {
    const { driver } = opened
    await driver.put(at('/blobs/aa/1/data'), content)
    await driver.put(at('/layers/1/link'), content)
    const syncs = await syncsOf(() =>
      Promise.all([driver.put(at('/blobs/aa/2/data'), streamOf(content)), driver.put(at('/layers/2/link'), content)]),
    )
    expect(syncs).toEqual(['/blobs/aa', '/blobs/aa/2', '/layers', '/layers/2', 'data', 'data'])
  })

  it('syncs a directory that was removed and made again while it was synced', async () => {
    const { driver } = opened
    await driver.put(at('/a/file'), content)
    const sync = recorded.hold('fsync', /\/a$/)
    const before = driver.put(at('/a/dir/one'), content)
    await sync.begun
    const deletion = driver.delete(at('/a/dir'))
    await recorded.seen('rename', /\/a\/dir$/, 1)
    const rename = recorded.hold('rename', /tmp/)
    const after = driver.put(at('/a/dir/two'), content)
    await rename.begun
    sync.release()
    await Promise.all([before, deletion])
    const syncs = await syncsOf(async () => {
      rename.release()
      await after
    })
    expect(syncs).toEqual(['/a', '/a/dir'])
  })

  it('syncs nothing of what need not be durable', async () => {
    const { driver } = opened
    expect(
      await syncsOf(async () => {
        await driver.put(at('/a/b/file'), content, { durable: false })
        await driver.put(at('/a/b/stream'), streamOf(Buffer.alloc(40 * mebibyte)), { durable: false })
        const version = await driver.swap(at('/u/checkpoint'), undefined, content, { durable: false })
        await driver.swap(at('/u/checkpoint'), version, content, { durable: false })
      }),
    ).toEqual([])
  })

  it('syncs a chunk of an upload four times: the part, its area, the record, its area again', async () => {
    const { driver } = opened
    let version = await driver.swap(at('/u/1/checkpoint'), undefined, content, { durable: false })
    let parts = await driver.append(at('/u/1'), [], streamOf(content))
    version = await driver.swap(at('/u/1/checkpoint'), version, content)
    expect(await syncsOf(async () => (parts = await driver.append(at('/u/1'), parts, streamOf(content))))).toEqual([
      '/u/1',
      'data',
    ])
    expect(await syncsOf(() => driver.swap(at('/u/1/checkpoint'), version, content))).toEqual(['/u/1', 'data'])
    expect(parts).toHaveLength(2)
  })

  it('syncs an area that was not made durably, with its first part', async () => {
    const { driver } = opened
    await driver.put(at('/u/0/startedat'), content)
    const version = await driver.swap(at('/u/1/checkpoint'), undefined, content, { durable: false })
    expect(await syncsOf(() => driver.append(at('/u/1'), [], streamOf(content)))).toEqual(['/u', '/u/1', 'data'])
    expect(await syncsOf(() => driver.swap(at('/u/1/checkpoint'), version, content))).toEqual(['/u/1', 'data'])
  })

  it('completes one part by a rename and the syncs of its new place', async () => {
    const { driver } = opened
    await driver.put(at('/blobs/aa/1/data'), content)
    await driver.swap(at('/u/1/checkpoint'), undefined, content)
    const parts = await driver.append(at('/u/1'), [], streamOf(content))
    const syncs = await syncsOf(() => driver.complete(at('/u/1'), parts, at('/blobs/aa/2/data')))
    expect(syncs).toEqual(['/blobs/aa', '/blobs/aa/2'])
  })

  it('syncs a created file and its directory', async () => {
    const { driver } = opened
    await driver.put(at('/a/one'), content)
    expect(await syncsOf(() => driver.create(at('/a/two'), content))).toEqual(['/a', 'data'])
    expect(await syncsOf(() => driver.create(at('/a/two'), content))).toEqual([])
  })

  it('syncs the directory from which something was deleted', async () => {
    const { driver } = opened
    await driver.put(at('/a/dir/file'), content)
    expect(await syncsOf(() => driver.delete(at('/a/dir/file')))).toEqual(['/a/dir'])
    expect(await syncsOf(() => driver.delete(at('/a/dir')))).toEqual(['/a'])
  })

  it('makes a directory durable once', async () => {
    const { driver } = opened
    expect(await syncsOf(() => driver.makeDirectory(at('/a/b')))).toEqual(['', '/a'])
    expect(await syncsOf(() => driver.makeDirectory(at('/a/b')))).toEqual([])
  })

  it('syncs content before it has its name, and the directory after', async () => {
    await opened.driver.put(at('/a/file'), content)
    const names = recorded.calls.map(({ name }) => name)
    expect(names.indexOf('fdatasync')).toBeLessThan(names.indexOf('rename'))
    expect(names.indexOf('rename')).toBeLessThan(names.indexOf('fsync'))
  })

  it('does not take a sync that has begun for one of what comes later', async () => {
    const { driver } = opened
    await driver.put(at('/a/file'), content)
    recorded.calls.length = 0
    recorded.ended.length = 0
    const sync = recorded.hold('fsync', /\/a$/)
    const first = driver.put(at('/a/first'), content)
    await sync.begun
    const later = [1, 2, 3].map((each) => driver.put(at(`/a/later${each}`), content))
    await recorded.seen('rename', /tmp/, 4)
    sync.release()
    await Promise.all([first, ...later])
    expect(recorded.syncs.filter((path) => path.endsWith('/a'))).toHaveLength(2)
  })

  it('syncs a long stream as it comes, and at its end', async () => {
    await opened.driver.put(at('/file'), streamOf(...Array.from({ length: 100 }, () => Buffer.alloc(mebibyte))))
    expect(recorded.count('fdatasync')).toBeGreaterThan(1)
    const names = recorded.calls.map(({ name }) => name)
    expect(names.lastIndexOf('fdatasync')).toBeGreaterThan(names.lastIndexOf('writevAll'))
  })

  it.each([
    ['content', 'fdatasync', () => opened.driver.put(at('/a/file'), content)],
    ['a stream', 'fdatasync', () => opened.driver.put(at('/a/file'), streamOf(content))],
    ['created content', 'fdatasync', () => opened.driver.create(at('/a/file'), content)],
    ['a record', 'fdatasync', () => opened.driver.swap(at('/a/file'), undefined, content)],
  ] as const)('fails when %s cannot be synced, leaves nothing, and does not try again', async (_name, sync, write) => {
    recorded.failWith('EIO', sync, /./, 1)
    await expect(write()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { code: 'EIO' } })
    expect(recorded.count(sync)).toBe(1)
    await expect(opened.driver.stat(at('/a'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    expect(await temporaryNames()).toEqual([])
  })

  it('fails when a sync fails that was made as the stream came', async () => {
    recorded.failWith('EIO', 'fdatasync', /./, 1)
    const stream = streamOf(...Array.from({ length: 40 }, () => Buffer.alloc(mebibyte)))
    await expect(opened.driver.put(at('/file'), stream)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(recorded.count('fdatasync')).toBe(1)
    expect(await temporaryNames()).toEqual([])
  })

  it('fails when a directory cannot be synced', async () => {
    recorded.failWith('EIO', 'fsync', /\/a$/, 1)
    await expect(opened.driver.put(at('/a/file'), content)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(await syncsOf(() => opened.driver.put(at('/a/file'), content))).toContain('/a')
  })

  it('takes a directory for synced whose file system has no sync of directories', async () => {
    recorded.failWith('EINVAL', 'fsync', /./)
    await opened.driver.put(at('/a/file'), content)
    expect(await opened.driver.stat(at('/a/file'))).toMatchObject({ size: 7 })
  })

  async function temporaryNames(): Promise<readonly string[]> {
    return readdir(`${opened.rootDirectory}/berth/v1/tmp`)
  }
})
