import * as fs from 'node:fs'

/** A call to the operating system that failed; `code` is its `errno` by name. */
export class FileSystemError extends Error {
  override readonly name = 'FileSystemError'
  readonly code: string

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause })
    this.code = cause.code ?? 'EIO'
  }
}

/** Whether `error` is a failed call with one of these codes. */
export function failedWith(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof FileSystemError && codes.includes(error.code)
}

/**
 * The calls that this room makes, each one trip to the thread pool (but for those that a partial write makes necessary,
 * and `closeDirectory` and `fstatNow`, which make none). All fail with `FileSystemError`. Made of the callback API, which costs half of what the promises' does.
 */
export interface FileSystem {
  /** @param mode permissions of a file that is made, before the umask. Default: 0o666 */
  open(path: string, flags: number, mode?: number): Promise<number>
  /** Closes without anybody waiting: for what was only read, or is already synced. */
  closeSoon(fd: number): void
  /** Closes what was only synced, at once: nothing of a directory is left to be written or freed that could take time. */
  closeDirectory(fd: number): void
  close(fd: number): Promise<void>
  read(fd: number, buffer: Uint8Array, length: number, position: number): Promise<number>
  writeAll(fd: number, content: Uint8Array): Promise<void>
  writevAll(fd: number, chunks: readonly Uint8Array[], position: number): Promise<void>
  fdatasync(fd: number): Promise<void>
  fsync(fd: number): Promise<void>
  fstat(fd: number): Promise<fs.Stats>
  /** As `fstat`, at once: for what is open on a local file system, which has it in memory. `undefined`: it fails. */
  fstatNow(fd: number): fs.Stats | undefined
  stat(path: string): Promise<fs.Stats>
  rename(from: string, to: string): Promise<void>
  link(existing: string, path: string): Promise<void>
  unlink(path: string): Promise<void>
  /** @param mode permissions before the umask. Default: 0o777 */
  mkdir(path: string, mode?: number): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  rmdir(path: string): Promise<void>
  readdir(path: string): Promise<readonly string[]>
  opendir(path: string, bufferSize: number): Promise<fs.Dir>
}

type Settle<T> = (error: NodeJS.ErrnoException | null, value: T) => void

function call<T>(begin: (settle: Settle<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    begin((error, value) => (error === null ? resolve(value) : reject(new FileSystemError(error))))
  })
}

const ignore = (): void => {}

export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode = 0o666) => call((settle) => fs.open(path, flags, mode, settle)),
  closeSoon: (fd) => fs.close(fd, ignore),
  closeDirectory(fd) {
    try {
      fs.closeSync(fd)
    } catch {
      // It is closed all the same.
    }
  },
  close: (fd) => call((settle: Settle<void>) => fs.close(fd, settle as fs.NoParamCallback)),
  read: (fd, buffer, length, position) => call((settle) => fs.read(fd, buffer, 0, length, position, settle)),
  async writeAll(fd, content) {
    for (let done = 0; done < content.byteLength;) {
      const start = done
      done += await call<number>((settle) => fs.write(fd, content, start, content.byteLength - start, start, settle))
    }
  },
  async writevAll(fd, chunks, position) {
    for (let rest = chunks, at = position; rest.length > 0;) {
      const written = await call<number>((settle) => fs.writev(fd, rest, at, settle))
      at += written
      rest = behind(rest, written)
    }
  },
  fdatasync: (fd) => call((settle: Settle<void>) => fs.fdatasync(fd, settle as fs.NoParamCallback)),
  fsync: (fd) => call((settle: Settle<void>) => fs.fsync(fd, settle as fs.NoParamCallback)),
  fstat: (fd) => call((settle) => fs.fstat(fd, settle)),
  fstatNow(fd) {
    try {
      return fs.fstatSync(fd)
    } catch {
      return undefined
    }
  },
  stat: (path) => call((settle) => fs.stat(path, settle)),
  rename: (from, to) => call((settle: Settle<void>) => fs.rename(from, to, settle as fs.NoParamCallback)),
  link: (existing, path) => call((settle: Settle<void>) => fs.link(existing, path, settle as fs.NoParamCallback)),
  unlink: (path) => call((settle: Settle<void>) => fs.unlink(path, settle as fs.NoParamCallback)),
  mkdir: (path, mode = 0o777) => call((settle: Settle<void>) => fs.mkdir(path, mode, settle as fs.NoParamCallback)),
  chmod: (path, mode) => call((settle: Settle<void>) => fs.chmod(path, mode, settle as fs.NoParamCallback)),
  rmdir: (path) => call((settle: Settle<void>) => fs.rmdir(path, settle as fs.NoParamCallback)),
  readdir: (path) => call((settle) => fs.readdir(path, settle)),
  opendir: (path, bufferSize) => call((settle) => fs.opendir(path, { bufferSize }, settle)),
}

/** What is left of `chunks` after their first `bytes`. */
function behind(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = 0
  for (const [index, chunk] of chunks.entries()) {
    if (skipped + chunk.byteLength > bytes) {
      return [chunk.subarray(bytes - skipped), ...chunks.slice(index + 1)]
    }
    skipped += chunk.byteLength
  }
  return []
}
