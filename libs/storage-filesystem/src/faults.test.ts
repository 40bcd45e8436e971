import { mkdir, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ByteBudget, collect, streamOf } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { makeTemporaryDirectory, openInTemporaryDirectory, silentLog } from './driver-under-test.ts'
import { FilesystemDriver } from './filesystem-driver.ts'
import { RecordedFileSystem } from './recorded-file-system.ts'

const at = (path: string): StoragePath => path as StoragePath
const content = Buffer.from('content')
const record = at('/u/checkpoint')

describe('FilesystemDriver', () => {
  let recorded: RecordedFileSystem
  let opened: Awaited<ReturnType<typeof openInTemporaryDirectory>>
  let nowMs: number

  beforeEach(async () => {
    nowMs = Date.now()
    recorded = new RecordedFileSystem()
    opened = await openInTemporaryDirectory({ files: recorded.files, nowMs: () => nowMs })
  })

  afterEach(async () => {
    await opened.close()
  })

  const inTree = (path: string): string => opened.rootDirectory + path
  const temporaryNames = () => readdir(inTree('/berth/v1/tmp'))
  const textAt = async (path: string) =>
    Buffer.from(await collect((await opened.driver.read(at(path))).content, Infinity)).toString()

  describe('when calls fail', () => {
    it.each([
      ['STORAGE_FULL', 'ENOSPC'],
      ['STORAGE_FULL', 'EDQUOT'],
      ['STORAGE_UNAVAILABLE', 'EIO'],
      ['STORAGE_UNAVAILABLE', 'EROFS'],
      ['STORAGE_UNAVAILABLE', 'ESTALE'],
    ])('says %s of %s, keeps what was there, and leaves nothing', async (code, errno) => {
      await opened.driver.put(at('/file'), Buffer.from('before'))
      recorded.failWith(errno, 'writeAll', /tmp/)
      recorded.failWith(errno, 'writevAll', /tmp/)
      const expected = { code, path: '/file', driver: 'filesystem', cause: { code: errno } }
      await expect(opened.driver.put(at('/file'), content)).rejects.toMatchObject(expected)
      await expect(opened.driver.put(at('/file'), streamOf(content))).rejects.toMatchObject(expected)
      expect(await textAt('/file')).toBe('before')
      expect(await temporaryNames()).toEqual([])
      expect([...recorded.openPaths.values()]).toEqual([])
    })

    it('keeps the parts of an upload when the disk is full', async () => {
      const version = await opened.driver.swap(record, undefined, content)
      const parts = await opened.driver.append(at('/u'), [], streamOf(content))
      recorded.failWith('ENOSPC', 'writevAll', /part/)
      const more = opened.driver.append(at('/u'), parts, streamOf(content))
      await expect(more).rejects.toMatchObject({ code: 'STORAGE_FULL', path: '/u' })
      expect((await readdir(inTree('/u'))).toSorted()).toEqual([`at.${version}`, parts[0]?.name])
    })

    it('closes a file once, though its close fails: by then its number may be the number of another', async () => {
      recorded.loseAnswer('EIO', 'close', /tmp/)
      const put = opened.driver.put(at('/file'), content, { durable: false })
      await expect(put).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { code: 'EIO' } })
      expect([recorded.count('close'), recorded.count('closeSoon')]).toEqual([1, 0])
      expect(await temporaryNames()).toEqual([])
    })

    it('says STORAGE_UNAVAILABLE of what cannot be read', async () => {
      await opened.driver.put(at('/file'), content)
      recorded.failWith('EIO', 'read', /file/)
      await expect(opened.driver.read(at('/file'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
      expect([...recorded.openPaths.values()]).toEqual([])
    })

    it('opens again what a file server has forgotten', async () => {
      const large = Buffer.alloc(300_000, 'x')
      await opened.driver.put(at('/large'), large)
      recorded.failWith('ESTALE', 'read', /large/, 1)
      expect(await textAt('/large')).toBe(large.toString())
      recorded.failWith('ESTALE', 'read', /large/, 1)
      const { content: stream } = await opened.driver.read(at('/large'), { range: { start: 5, end: 300_000 } })
      expect(await collect(stream, Infinity)).toHaveLength(299_995)
    })

    it('does not go on with another file than the one that a file server has forgotten', async () => {
      await opened.driver.put(at('/large'), Buffer.alloc(300_000, 'x'))
      const { content: stream } = await opened.driver.read(at('/large'), { range: { start: 0, end: 300_000 } })
      await opened.driver.put(at('/large'), Buffer.alloc(200_000, 'y'))
      recorded.failWith('ESTALE', 'read', /large/, 1)
      await expect(collect(stream, Infinity)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    })

    it('knows the answer of a create that was lost', async () => {
      recorded.loseAnswer('EEXIST', 'link', /tmp/)
      expect(await opened.driver.create(at('/file'), content)).toBe(true)
      expect(await textAt('/file')).toBe('content')
      expect(await temporaryNames()).toEqual([])
    })
  })

  it('asks a network file system what it opens, not what it remembers', async () => {
    const careful = await openInTemporaryDirectory({ files: recorded.files, mayBeStale: true })
    await careful.driver.put(at('/file'), content)
    expect(await careful.driver.stat(at('/file'))).toMatchObject({ size: 7 })
    expect([recorded.count('stat'), recorded.count('fstat')]).toEqual([0, 1])
    await opened.driver.stat(at('/'))
    expect([recorded.count('stat'), recorded.count('fstat')]).toEqual([1, 1])
    await careful.close()
  })

  describe('a small file that was read before', () => {
    const link = at('/link')
    const callsOf = async (read: () => Promise<unknown>) => {
      const before = recorded.calls.length
      await read()
      return recorded.calls.slice(before).map(({ name }) => name)
    }
    const later = 60_000

    it('is not read again while it is the same', async () => {
      await opened.driver.put(link, content)
      nowMs = Date.now() + later
      expect(await callsOf(() => textAt('/link'))).toEqual(['open', 'read', 'closeSoon'])
      expect(await callsOf(() => textAt('/link'))).toEqual(['stat'])
      expect(await textAt('/link')).toBe('content')
    })

    it('is read again when another took its place, or when it is written to', async () => {
      await opened.driver.put(link, content)
      nowMs = Date.now() + later
      await textAt('/link')
      await opened.driver.put(link, Buffer.from('another'))
      expect(await textAt('/link')).toBe('another')
      await writeFile(inTree('/link'), 'content')
      expect(await textAt('/link')).toBe('content')
    })

    it('is not there when it was removed, and is when it is made again', async () => {
      await opened.driver.put(link, content)
      nowMs = Date.now() + later
      await textAt('/link')
      await opened.driver.delete(link)
      await expect(opened.driver.read(link)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await opened.driver.put(link, content)
      expect(await textAt('/link')).toBe('content')
    })

    it('is read again if it had only just changed: the next change might look the same', async () => {
      await opened.driver.put(link, content)
      nowMs = Date.now() + 1000
      await textAt('/link')
      expect(await callsOf(() => textAt('/link'))).toEqual(['open', 'read', 'closeSoon'])
    })

    it('is read again on a network file system, which may say what was so', async () => {
      const careful = await openInTemporaryDirectory({ files: recorded.files, mayBeStale: true, nowMs: () => nowMs })
      await careful.driver.put(link, content)
      nowMs = Date.now() + later
      const read = async () => collect((await careful.driver.read(link)).content, 100)
      await read()
      expect(await callsOf(read)).toEqual(['open', 'read', 'closeSoon'])
      await careful.close()
    })
  })

  describe('the version of a listing', () => {
    const directory = at('/dir')
    const version = () => opened.driver.listingVersion(directory)

    it('is another one after a name has come or gone, and the same after content has changed', async () => {
      await opened.driver.put(at('/dir/one/file'), content)
      nowMs = Date.now() + 60_000
      const first = await version()
      expect(first).toEqual(expect.any(String))
      await opened.driver.put(at('/dir/one/file'), Buffer.from('another'))
      expect(await version()).toBe(first)
      await opened.driver.put(at('/dir/two/file'), content)
      const second = await version()
      expect(second).not.toBe(first)
      await opened.driver.delete(at('/dir/one'))
      expect([first, second]).not.toContain(await version())
    })

    it('is not known just after a change, nor on a network file system', async () => {
      await opened.driver.put(at('/dir/file'), content)
      nowMs = Date.now() + 1000
      expect(await version()).toBeUndefined()
      const careful = await openInTemporaryDirectory({ mayBeStale: true, nowMs: () => Date.now() + 60_000 })
      await careful.driver.put(at('/dir/file'), content)
      expect(await careful.driver.listingVersion(directory)).toBeUndefined()
      await careful.close()
    })

    it('is of a directory', async () => {
      await opened.driver.put(at('/file'), content)
      await expect(version()).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await expect(opened.driver.listingVersion(at('/file'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })
  })

  describe('paths', () => {
    it('refuses a name that is too long for a file', async () => {
      const path = at(`/${'a'.repeat(300)}`)
      await expect(opened.driver.put(path, content)).rejects.toMatchObject({ code: 'INVALID_PATH' })
      await expect(opened.driver.read(path)).rejects.toMatchObject({ code: 'INVALID_PATH' })
    })

    it('refuses content where a directory is, and below content', async () => {
      await opened.driver.put(at('/dir/file'), content)
      await expect(opened.driver.put(at('/dir'), content)).rejects.toMatchObject({ code: 'INVALID_PATH' })
      await expect(opened.driver.put(at('/dir/file/x'), content)).rejects.toMatchObject({ code: 'INVALID_PATH' })
      await expect(opened.driver.read(at('/dir/file/x'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await expect(opened.driver.stat(at('/dir/file/x'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await temporaryNames()).toEqual([])
    })

    it('follows what an administrator has linked', async () => {
      await mkdir(inTree('/elsewhere'))
      await symlink(inTree('/elsewhere'), inTree('/linked'))
      await symlink(inTree('/nowhere'), inTree('/dangling'))
      await opened.driver.put(at('/linked/file'), content)
      expect(await textAt('/elsewhere/file')).toBe('content')
      const entries: string[] = []
      for await (const { name, isDirectory } of opened.driver.list(at('/'))) entries.push(`${name} ${isDirectory}`)
      expect(entries.toSorted()).toEqual(['berth true', 'elsewhere true', 'linked true'])
    })

    it('fails where it cannot be told what a link leads to', async () => {
      await symlink(inTree('/elsewhere'), inTree('/linked'))
      recorded.failWith('EIO', 'stat', /linked/)
      const list = async (): Promise<void> => {
        for await (const { name } of opened.driver.list(at('/'))) expect(name).not.toBe('linked')
      }
      await expect(list()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    })

    it('lists no names that paths cannot have, or that a network file system has left', async () => {
      await mkdir(inTree('/dir'))
      const names = ['file', '.nfs000000000000abcd', 'lost+found', 'ä', 'a b', '...']
      await Promise.all(names.map((name) => writeFile(inTree(`/dir/${name}`), '')))
      const seen: string[] = []
      for await (const { name } of opened.driver.list(at('/dir'))) seen.push(name)
      expect(seen.toSorted()).toEqual(['...', 'file'])
    })
  })

  describe('records', () => {
    const damages = [
      ['emptied', async (file: string) => writeFile(file, '')],
      ['cut short', async (file: string) => writeFile(file, 'cont')],
      ['damaged', async (file: string) => writeFile(file, 'c\0ntent')],
      ['lost', async (file: string) => rm(file)],
    ] as const

    it('are files in their directory, of which a first one needs no other', async () => {
      const first = await opened.driver.swap(record, undefined, content)
      expect(await readdir(inTree('/u'))).toEqual([`at.${first}`])
      const second = await opened.driver.swap(record, first, content)
      expect((await readdir(inTree('/u'))).toSorted()).toEqual([`at.${second}`, `checkpoint.${second}`])
      const third = await opened.driver.swap(record, second, content)
      expect((await readdir(inTree('/u'))).toSorted()).toEqual([`at.${third}`, `checkpoint.${third}`])
    })

    it.each(damages)('are not there when a power failure has %s the first', async (_name, damage) => {
      const version = await opened.driver.swap(record, undefined, content, { durable: false })
      await damage(inTree(`/u/at.${version}`))
      await expect(opened.driver.readVersioned(record)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    })

    it.each(damages)(
      'are not there when a power failure has %s a later one, nor is the first',
      async (_name, damage) => {
        const first = await opened.driver.swap(record, undefined, content, { durable: false })
        const version = await opened.driver.swap(record, first, content, { durable: false })
        await damage(inTree(`/u/checkpoint.${version}`))
        await expect(opened.driver.readVersioned(record)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      },
    )

    it('leave nothing of swaps that lost', async () => {
      const from = await opened.driver.swap(record, undefined, content)
      const swaps = Array.from({ length: 8 }, () => opened.driver.swap(record, from, content))
      await Promise.allSettled(swaps)
      const { version } = await opened.driver.readVersioned(record)
      expect((await readdir(inTree('/u'))).toSorted()).toEqual([`at.${version}`, `checkpoint.${version}`])
    })

    it('leave nothing of makers that lost', async () => {
      await Promise.allSettled(Array.from({ length: 8 }, () => opened.driver.swap(record, undefined, content)))
      expect(await temporaryNames()).toEqual([])
      expect(await readdir(inTree('/u'))).toHaveLength(1)
    })

    it('leave nothing when they cannot be made, and can be made then', async () => {
      recorded.failWith('ENOSPC', 'writeAll', /at\./, 1)
      await expect(opened.driver.swap(record, undefined, content)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
      await expect(opened.driver.stat(at('/u'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      const version = await opened.driver.swap(record, undefined, content)
      expect(await opened.driver.readVersioned(record)).toMatchObject({ version })
    })

    it('leave nothing when their directory cannot be synced, and can be made then', async () => {
      recorded.failWith('EIO', 'fsync', /\/u$/, 1)
      await expect(opened.driver.swap(record, undefined, content)).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
      })
      await expect(opened.driver.stat(at('/u'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      const version = await opened.driver.swap(record, undefined, content)
      expect(await opened.driver.readVersioned(record)).toMatchObject({ version })
    })

    it('are made where an empty directory is, and not where anything else is', async () => {
      await mkdir(inTree('/u'))
      await expect(opened.driver.readVersioned(record)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await opened.driver.swap(record, undefined, content)
      await mkdir(inTree('/v'))
      await writeFile(inTree('/v/at.first-0123456789abcdef01234567-fec530a9'), 'cont')
      const damaged = at('/v/checkpoint')
      await expect(opened.driver.readVersioned(damaged)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      await expect(opened.driver.swap(damaged, undefined, content)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      expect(await temporaryNames()).toEqual([])
    })

    it('are seen by nobody before they are whole', async () => {
      const write = recorded.hold('writeAll', /at\./)
      const made = opened.driver.swap(record, undefined, content)
      await write.begun
      await expect(opened.driver.stat(at('/u'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      write.release()
      const version = await made
      expect(await opened.driver.readVersioned(record)).toMatchObject({ version })
    })

    it('are gone for a swap whose directory is taken away before it is synced', async () => {
      const from = await opened.driver.swap(record, undefined, content)
      const sync = recorded.hold('open', /\/u$/)
      const swap = opened.driver.swap(record, from, content)
      await sync.begun
      await opened.driver.abort(at('/u'))
      sync.release()
      await expect(swap).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
    })

    it('are found where the name of the marker was missed while it changed', async () => {
      const from = await opened.driver.swap(record, undefined, content)
      recorded.answer('readdir', /\/u$/, ['startedat'])
      expect(await opened.driver.readVersioned(record)).toMatchObject({ version: from })
    })

    it('are not given up when a swap fails', async () => {
      const from = await opened.driver.swap(record, undefined, content)
      recorded.failWith('ENOSPC', 'writeAll', /checkpoint\./, 1)
      await expect(opened.driver.swap(record, from, content)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
      expect(await opened.driver.readVersioned(record)).toMatchObject({ version: from })
      expect(await readdir(inTree('/u'))).toEqual([`at.${from}`])
    })

    it('know a swap whose answer was lost', async () => {
      const from = await opened.driver.swap(record, undefined, content)
      recorded.loseAnswer('ENOENT', 'rename', /at\./)
      const version = await opened.driver.swap(record, from, content)
      expect(await opened.driver.readVersioned(record)).toMatchObject({ version })
    })
  })

  describe('temporary files', () => {
    it('are purged once nobody has touched them for so long', async () => {
      await writeFile(inTree('/berth/v1/tmp/unfinished'), 'x')
      await mkdir(inTree('/berth/v1/tmp/removed/sub/deep'), { recursive: true })
      await writeFile(inTree('/berth/v1/tmp/removed/sub/part'), 'x')
      await utimes(inTree('/berth/v1/tmp/unfinished'), 0, 0)
      expect(await opened.driver.purgeTemporary(60_000)).toBe(0)
      nowMs += 120_000
      expect(await opened.driver.purgeTemporary(60_000)).toBe(2)
      expect(await temporaryNames()).toEqual([])
    })

    it('that cannot be removed keep no others', async () => {
      await writeFile(inTree('/berth/v1/tmp/stuck'), 'x')
      await writeFile(inTree('/berth/v1/tmp/other'), 'x')
      recorded.failWith('EIO', 'unlink', /stuck/)
      nowMs += 120_000
      expect(await opened.driver.purgeTemporary(0)).toBe(1)
      expect(await temporaryNames()).toEqual(['stuck'])
    })

    it('are no error of an abort when they stay', async () => {
      await opened.driver.swap(record, undefined, content)
      recorded.failWith('EIO', 'readdir', /tmp/)
      const { removed } = await opened.driver.abort(at('/u'))
      await removed
      await expect(opened.driver.stat(at('/u'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await temporaryNames()).toHaveLength(1)
    })

    it('become the next ones: what a record and its directory were is used again', async () => {
      const inodes = async () => {
        const names = await readdir(inTree('/u'), { recursive: true })
        const stats = await Promise.all(['', ...names].map(async (name) => stat(inTree(`/u/${name}`))))
        return new Set(stats.map(({ ino }) => ino))
      }
      const push = async () => {
        await opened.driver.swap(record, undefined, content)
        await opened.driver.put(at('/u/startedat'), content)
        const used = await inodes()
        await (
          await opened.driver.abort(at('/u'))
        ).removed
        return used
      }
      const first = await push()
      expect(first.size).toBe(3)
      expect([...(await push())].filter((each) => first.has(each))).toHaveLength(2)
    })

    it('that others may still be writing to are not used again', async () => {
      const version = await opened.driver.swap(record, undefined, content)
      const writing = recorded.hold('writevAll', /part/)
      const append = opened.driver.append(at('/u'), [], streamOf(Buffer.from('late')))
      await writing.begun
      await opened.driver.swap(record, version, content)
      await (
        await opened.driver.abort(at('/u'))
      ).removed
      await Promise.all(['/1', '/2', '/3'].map((path) => opened.driver.put(at(path), content)))
      writing.release()
      await expect(append).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
      expect(await Promise.all(['/1', '/2', '/3'].map(textAt))).toEqual(['content', 'content', 'content'])
    })

    it('are removed when a large directory is aborted', async () => {
      await opened.driver.swap(record, undefined, content)
      await Promise.all(Array.from({ length: 100 }, (_, index) => writeFile(inTree(`/u/part.${index}`), 'x')))
      await opened.driver.abort(at('/u'))
      await opened.driver.close()
      expect(await temporaryNames()).toEqual([])
    })
  })

  describe('open', () => {
    let root: string

    beforeEach(async () => {
      root = await makeTemporaryDirectory()
    })

    afterEach(async () => {
      await rm(root, { recursive: true })
    })

    const open = (rootDirectory: string) =>
      FilesystemDriver.open({ rootDirectory, budget: new ByteBudget(1_000_000), log: silentLog })

    it('makes the root', async () => {
      const driver = await open(`${root}/made/here`)
      await driver.put(at('/file'), content)
      expect(await readdir(`${root}/made/here`)).toEqual(['berth', 'file'])
      await driver.close()
    })

    it('takes a link for the root', async () => {
      await symlink(root, `${root}/link`)
      const driver = await open(`${root}/link`)
      await driver.put(at('/file'), content)
      expect(await readdir(root)).toContain('file')
      await driver.close()
    })

    it('leaves nothing in the tree but its own directory', async () => {
      await (await open(root)).close()
      expect(await readdir(root)).toEqual(['berth'])
      expect(await readdir(`${root}/berth/v1/tmp`)).toEqual([])
    })

    it('refuses a root that is no directory', async () => {
      await writeFile(`${root}/file`, '')
      await expect(open(`${root}/file`)).rejects.toThrow(`cannot keep files in ${root}/file`)
    })

    it.each(['blobs', 'repositories'])('refuses %s on another file system', async (name) => {
      await mkdir(`${root}/docker/registry/v2`, { recursive: true })
      await symlink('/proc', `${root}/docker/registry/v2/${name}`)
      await expect(open(root)).rejects.toThrow('must be on the same file system')
    })
  })
})
