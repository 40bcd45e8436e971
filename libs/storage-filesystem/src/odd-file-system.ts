import { constants } from 'node:fs'
import { type FileSystem, FileSystemError, nodeFileSystem } from './file-system.ts'

/** What a file system lacks, by the error code of the calls that it refuses. */
export interface Lacks {
  readonly link?: string
  readonly fsync?: string
  readonly fdatasync?: string
  /** Renames of and over what is open. */
  readonly renameOfOpen?: string
  readonly renameOfDirectories?: string
  /** Permissions are given, and have no effect. */
  readonly modes?: 'ignored' | 'EPERM'
  /** Names are found whatever their case is. */
  readonly case?: 'ignored'
  /** A file that is there can be created once more. */
  readonly exclusiveCreation?: 'ignored'
}

const { O_EXCL } = constants

/** A file system of a test that lacks something, as those of CIFS, NFS and FUSE do. */
export function oddFileSystem(lacks: Lacks, files: FileSystem = nodeFileSystem): FileSystem {
  const openPaths = new Map<number, string>()
  const isOpen = (path: string): boolean =>
    [...openPaths.values()].some((each) => each === path || each.startsWith(`${path}/`))
  return {
    ...files,
    async open(path, flags, mode) {
      const fd = await files.open(path, lacks.exclusiveCreation === undefined ? flags : flags & ~O_EXCL, mode)
      openPaths.set(fd, path)
      return fd
    },
    close(fd) {
      openPaths.delete(fd)
      return files.close(fd)
    },
    closeSoon(fd) {
      openPaths.delete(fd)
      files.closeSoon(fd)
    },
    closeDirectory(fd) {
      openPaths.delete(fd)
      files.closeDirectory(fd)
    },
    link: (from, to) => refusedBy(lacks.link) ?? files.link(from, to),
    fsync: (fd) => refusedBy(lacks.fsync) ?? files.fsync(fd),
    fdatasync: (fd) => refusedBy(lacks.fdatasync) ?? files.fdatasync(fd),
    async rename(from, to) {
      if (isOpen(from) || isOpen(to)) await refusedBy(lacks.renameOfOpen)
      if ((await files.stat(from)).isDirectory()) await refusedBy(lacks.renameOfDirectories)
      return files.rename(from, to)
    },
    async chmod(path, mode) {
      if (lacks.modes === 'EPERM') await refusedBy(lacks.modes)
      if (lacks.modes === undefined) await files.chmod(path, mode)
    },
    async stat(path) {
      try {
        return await files.stat(path)
      } catch (error) {
        if (lacks.case === undefined) throw error
        return files.stat(path.replace(/[^/]*$/, (name) => name.toLowerCase()))
      }
    },
  }
}

function refusedBy(code: string | undefined): Promise<never> | undefined {
  if (code === undefined) return undefined
  return Promise.reject(new FileSystemError(Object.assign(new Error(`${code}: the file system lacks it`), { code })))
}
