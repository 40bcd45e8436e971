import { mkdir, rm, rmdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allAbilities, describeLacks, findAbilities } from './abilities.ts'
import { makeTemporaryDirectory } from './driver-under-test.ts'
import { nodeFileSystem } from './file-system.ts'
import { type Lacks, oddFileSystem } from './odd-file-system.ts'
import { RecordedFileSystem } from './recorded-file-system.ts'

describe('findAbilities', () => {
  let directory: string

  beforeEach(async () => {
    directory = await makeTemporaryDirectory()
  })

  afterEach(async () => {
    // Fails where the probe has left something.
    await rmdir(directory)
  })

  it('finds all abilities on a local file system, and leaves nothing', async () => {
    expect(await findAbilities(nodeFileSystem, directory)).toEqual(allAbilities)
    expect(describeLacks(allAbilities)).toEqual([])
  })

  it.each<[string, Lacks, object]>([
    ...['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'].map((code): [string, Lacks, object] => [
      `hard links (${code})`,
      { link: code },
      { hardLinks: false },
    ]),
    ...['EINVAL', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EBADF'].map((code): [string, Lacks, object] => [
      `fsync of directories (${code})`,
      { fsync: code },
      { syncsDirectories: false },
    ]),
    ['fsync of files', { fdatasync: 'EINVAL' }, { syncsFiles: false }],
    ['permissions, silently', { modes: 'ignored' }, { keepsModes: false }],
    ['permissions', { modes: 'EPERM' }, { keepsModes: false }],
    ['upper and lower case', { case: 'ignored' }, { distinguishesCase: false }],
    ...['EACCES', 'EBUSY'].map((code): [string, Lacks, object] => [
      `renames of what is open (${code})`,
      { renameOfOpen: code },
      { movesOpenFiles: false },
    ]),
  ])('finds that a file system lacks %s, and says so in one sentence', async (_, lacks, expected) => {
    const found = await findAbilities(oddFileSystem(lacks), directory)
    expect(found).toEqual({ ...allAbilities, ...expected })
    expect(describeLacks(found ?? allAbilities)).toEqual([expect.stringMatching(/^no /)])
  })

  it.each<[string, Lacks, string]>([
    ['directories cannot be renamed', { renameOfDirectories: 'ENOTSUP' }, 'cannot rename a directory'],
    ['O_EXCL is ignored', { exclusiveCreation: 'ignored' }, 'ignores O_EXCL'],
  ])('refuses a file system on which %s', async (_, lacks, message) => {
    await expect(findAbilities(oddFileSystem(lacks), directory)).rejects.toThrow(message)
  })

  it.each(['ENOSPC', 'EDQUOT'])('does not know the abilities of a disk that is full (%s)', async (code) => {
    const recorded = new RecordedFileSystem()
    recorded.failWith(code, 'open', /./)
    expect(await findAbilities(recorded.files, directory)).toBeUndefined()
  })

  it('takes a broken disk for broken, not for one that lacks something', async () => {
    const recorded = new RecordedFileSystem()
    recorded.failWith('EIO', 'fsync', /./)
    await expect(findAbilities(recorded.files, directory)).rejects.toMatchObject({ code: 'EIO' })
  })

  it('refuses a file system that renames a directory over one that is not empty', async () => {
    const files = { ...nodeFileSystem }
    files.rename = async (from, to) => {
      if (to.endsWith('.occupied')) await rm(to, { recursive: true }).then(() => mkdir(to))
      return nodeFileSystem.rename(from, to)
    }
    await expect(findAbilities(files, directory)).rejects.toThrow('uploads could mix')
  })
})
