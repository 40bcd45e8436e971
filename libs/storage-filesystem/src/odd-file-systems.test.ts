import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { streamOf } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { describeStorageDriver } from '@berth/storage/suite'
import { afterEach, describe, expect, it } from 'vitest'
import { openInTemporaryDirectory, silentLog } from './driver-under-test.ts'
import { FilesystemDriver } from './filesystem-driver.ts'
import { type Lacks, oddFileSystem } from './odd-file-system.ts'
import { RecordedFileSystem } from './recorded-file-system.ts'
import { TemporaryFiles } from './temporary-files.ts'

const at = (path: string): StoragePath => path as StoragePath
const content = Buffer.from('content')

/** As Azure Files and other SMB shares are, but for renames of what is open, of which the suite has many. */
const share: Lacks = { link: 'EPERM', fsync: 'EINVAL', fdatasync: 'ENOTSUP', modes: 'ignored' }

const openOn = (lacks: Lacks) => {
  const files = oddFileSystem(lacks)
  return openInTemporaryDirectory({ files, probed: files, mayBeStale: true })
}

describeStorageDriver('on a share without hard links, fsync and permissions', () => openOn(share))

describe('FilesystemDriver on a file system that lacks something', () => {
  let opened: Awaited<ReturnType<typeof openInTemporaryDirectory>>

  afterEach(() => opened.close())

  const inTree = (path: string): string => opened.rootDirectory + path

  it('creates content once without hard links, and leaves nothing of those that lost', async () => {
    opened = await openOn({ link: 'ENOTSUP' })
    const created = await Promise.all(Array.from({ length: 8 }, () => opened.driver.create(at('/dir/file'), content)))
    expect(created.filter(Boolean)).toHaveLength(1)
    expect(await readFile(inTree('/dir/file'), 'utf8')).toBe('content')
    expect(await readdir(inTree('/berth/v1/tmp'))).toEqual([])
  })

  it('gives a name back that it could not give to the content', async () => {
    const recorded = new RecordedFileSystem()
    recorded.failWith('EPERM', 'link', /./)
    opened = await openInTemporaryDirectory({ files: recorded.files, probed: recorded.files })
    recorded.failWith('EIO', 'rename', /tmp/, 1)
    await expect(opened.driver.create(at('/dir/file'), content)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(await readdir(inTree('/dir'))).toEqual([])
    expect(await opened.driver.create(at('/dir/file'), content)).toBe(true)
  })

  it('finds out late that there are no hard links where the disk was full at the start', async () => {
    const full = new RecordedFileSystem()
    full.failWith('ENOSPC', 'open', /probe/)
    opened = await openInTemporaryDirectory({ files: oddFileSystem({ link: 'EPERM' }), probed: full.files })
    expect(await opened.driver.create(at('/file'), content)).toBe(true)
    expect(await opened.driver.create(at('/file'), content)).toBe(false)
  })

  it('opens no directory to sync it where directories have no sync', async () => {
    const recorded = new RecordedFileSystem()
    opened = await openInTemporaryDirectory({ files: recorded.files, probed: oddFileSystem({ fsync: 'EINVAL' }) })
    await opened.driver.put(at('/a/file'), content)
    expect(recorded.count('fsync')).toBe(0)
    expect(recorded.count('open', /\/a$/)).toBe(0)
  })

  it('waits for the reader of what it replaces', async () => {
    const recorded = new RecordedFileSystem()
    opened = await openInTemporaryDirectory({
      files: recorded.files,
      probed: oddFileSystem({ renameOfOpen: 'EACCES' }),
    })
    await opened.driver.put(at('/file'), Buffer.from('before'))
    recorded.failWith('EACCES', 'rename', /tmp/, 3)
    await opened.driver.put(at('/file'), content)
    expect(await readFile(inTree('/file'), 'utf8')).toBe('content')
  })

  it('needs not replace a file that has the same content, and says no of another that stays open', async () => {
    opened = await openOn({ renameOfOpen: 'EBUSY' })
    const big = Buffer.alloc(200_000, 'x')
    await opened.driver.put(at('/file'), big)
    const { content: read } = await opened.driver.read(at('/file'))
    const reader = read[Symbol.asyncIterator]()
    await reader.next()
    const other = Buffer.alloc(200_000, 'x').fill('y', 199_999)
    const [same, different] = await Promise.allSettled([
      opened.driver.put(at('/file'), streamOf(big)),
      opened.driver.put(at('/file'), other),
    ])
    expect(same.status).toBe('fulfilled')
    expect(different).toMatchObject({ reason: { code: 'STORAGE_UNAVAILABLE' } })
    await reader.return?.()
    expect(await readdir(inTree('/berth/v1/tmp'))).toEqual([])
  }, 15_000)

  it('lists nothing that is kept for who has it open, and is not held up by it', async () => {
    opened = await openOn({})
    await mkdir(inTree('/u'))
    for (const name of ['.nfs0001', '.fuse_hidden0001', 'file']) await writeFile(inTree(`/u/${name}`), '')
    const names: string[] = []
    for await (const { name } of opened.driver.list(at('/u'))) names.push(name)
    expect(names).toEqual(['file'])
    await opened.driver.delete(at('/u'))
    await expect(opened.driver.stat(at('/u'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })
})

describe('FilesystemDriver on a disk that is full', () => {
  let opened: Awaited<ReturnType<typeof openInTemporaryDirectory>>

  afterEach(() => opened.close())

  const openFull = async (code: string) => {
    const first = await openInTemporaryDirectory()
    await first.driver.put(at('/dir/file'), content)
    await first.driver.close()
    const recorded = new RecordedFileSystem()
    for (const call of ['mkdir', 'link', 'writeAll', 'writevAll'] as const) recorded.failWith(code, call, /./)
    recorded.failWith(code, 'open', /v1\/tmp/)
    const warnings: string[] = []
    const log = { ...silentLog, warn: (_: object, message: string) => void warnings.push(message) }
    const { rootDirectory, budget } = first
    const driver = await FilesystemDriver.open({
      rootDirectory,
      budget,
      log,
      files: recorded.files,
      probed: recorded.files,
    })
    opened = { ...first, driver, close: async () => (await driver.close(), first.close()) }
    return { recorded, warnings }
  }

  it.each(['ENOSPC', 'EDQUOT'])('reads and removes what is stored (%s)', async (code) => {
    const { recorded, warnings } = await openFull(code)
    expect(warnings).toEqual([expect.stringContaining('the disk is full')])
    expect((await opened.driver.read(at('/dir/file'))).size).toBe(7)
    await expect(opened.driver.put(at('/other'), content)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    recorded.failWith(code, 'rename', /dir/)
    await opened.driver.delete(at('/dir'))
    await expect(opened.driver.stat(at('/dir'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  it('has its own directory made once there is space, where it had none', async () => {
    const first = await openInTemporaryDirectory()
    await rm(`${first.rootDirectory}/berth`, { recursive: true })
    const recorded = new RecordedFileSystem()
    const directory = `${first.rootDirectory}/berth/v1/tmp`
    const temporary = new TemporaryFiles(recorded.files, directory, first.budget, silentLog, false)
    recorded.failWith('ENOSPC', 'mkdir', /./, 1)
    expect(await temporary.purge(0)).toBe(0)
    await expect(temporary.write(content, { durable: true })).rejects.toMatchObject({ code: 'ENOSPC' })
    const path = await temporary.write(content, { durable: true })
    expect(await readFile(path, 'utf8')).toBe('content')
    opened = first
  })
})

describe('FilesystemDriver that is read only', () => {
  it('writes nothing, and needs nothing to be there', async () => {
    const first = await openInTemporaryDirectory()
    await rm(`${first.rootDirectory}/berth`, { recursive: true })
    const options = { budget: first.budget, log: silentLog, isReadOnly: true }
    const driver = await FilesystemDriver.open({ ...options, rootDirectory: first.rootDirectory })
    await driver.close()
    expect(await readdir(first.rootDirectory)).toEqual([])
    const missing = await FilesystemDriver.open({ ...options, rootDirectory: `${first.rootDirectory}/missing` })
    await expect(missing.read(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    await expect(stat(`${first.rootDirectory}/missing`)).rejects.toMatchObject({ code: 'ENOENT' })
    await (await open(`${first.rootDirectory}/file`, 'w')).close()
    const file = FilesystemDriver.open({ ...options, rootDirectory: `${first.rootDirectory}/file` })
    await expect(file).rejects.toThrow('it is not a directory')
    await first.close()
  })
})
