import { failedWith, type FileSystem, FileSystemError } from './file-system.ts'
import { ownRoot } from './private-files.ts'

/** The calls of a process that may not read Berth's own records: to it there are none. */
export function withoutRecords(files: FileSystem, root: string): FileSystem {
  const own = `${root}${ownRoot}/`
  const hide = async <T>(path: string, call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      if (!path.startsWith(own) || !failedWith(error, 'EACCES')) throw error
      throw new FileSystemError(
        Object.assign(new Error(`ENOENT: hidden: ${path}`, { cause: error }), { code: 'ENOENT' }),
      )
    }
  }
  return {
    ...files,
    open: (path, flags, mode) => hide(path, files.open(path, flags, mode)),
    stat: (path) => hide(path, files.stat(path)),
    readdir: (path) => hide(path, files.readdir(path)),
    opendir: (path, bufferSize) => hide(path, files.opendir(path, bufferSize)),
  }
}
