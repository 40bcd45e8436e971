import { FileSystemError, type FileSystem, nodeFileSystem } from './file-system.ts'

export interface RecordedCall {
  readonly name: keyof FileSystem
  /** What it is about: a path, or the path that the descriptor was opened by. */
  readonly path: string
}

/** The real file system, for tests: notes every call when it begins, and fails those that it is told to. */
export class RecordedFileSystem {
  readonly calls: RecordedCall[] = []
  readonly openPaths = new Map<number, string>()
  readonly files: FileSystem
  #failures: {
    /** The call is made, and its answer lost. */
    readonly isMade: boolean
    readonly name: keyof FileSystem
    readonly path: RegExp
    readonly code: string
    times: number
  }[] = []

  constructor() {
    const handler: ProxyHandler<FileSystem> = {
      get:
        (files, name: keyof FileSystem) =>
        (...passed: unknown[]) =>
          this.#call(files, name, passed),
    }
    this.files = new Proxy(nodeFileSystem, handler)
  }

  /** Lets calls of a path that matches fail, so many times. */
  failWith(code: string, name: keyof FileSystem, path: RegExp, times = Infinity): void {
    this.#failures.push({ isMade: false, name, path, code, times })
  }

  /** Makes the next call of a path that matches, and lets it fail all the same, as when it was repeated. */
  loseAnswer(code: string, name: keyof FileSystem, path: RegExp): void {
    this.#failures.push({ isMade: true, name, path, code, times: 1 })
  }

  /** The paths that were synced, with `data` for those whose content was. */
  get syncs(): readonly string[] {
    return this.calls.flatMap(({ name, path }) => {
      if (name === 'fdatasync') return [`data ${path}`]
      return name === 'fsync' ? [path] : []
    })
  }

  count(name: keyof FileSystem, path = /./): number {
    return this.calls.filter((call) => call.name === name && path.test(call.path)).length
  }

  async #call(files: FileSystem, name: keyof FileSystem, passed: readonly unknown[]): Promise<unknown> {
    const [subject] = passed
    const path =
      typeof subject === 'number' ? (this.openPaths.get(subject) ?? `descriptor ${subject}`) : String(subject)
    this.calls.push({ name, path })
    const failure = this.#failures.find((each) => each.name === name && each.times > 0 && each.path.test(path))
    if (failure !== undefined) failure.times -= 1
    if (failure?.isMade === false) throw errorOf(failure.code)
    if (name === 'close' || name === 'closeSoon') this.openPaths.delete(subject as number)
    const result: unknown = await Reflect.apply(files[name] as (...all: unknown[]) => unknown, files, passed)
    if (failure !== undefined) throw errorOf(failure.code)
    if (name === 'open') this.openPaths.set(result as number, path)
    return result
  }
}

function errorOf(code: string): FileSystemError {
  const cause: NodeJS.ErrnoException = new Error(`${code}: told to fail`)
  cause.code = code
  return new FileSystemError(cause)
}
