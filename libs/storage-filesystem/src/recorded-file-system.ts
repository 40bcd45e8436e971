import { FileSystemError, type FileSystem, nodeFileSystem } from './file-system.ts'

export interface RecordedCall {
  readonly name: keyof FileSystem
  /** What it is about: a path, or the path that the descriptor was opened by. */
  readonly path: string
}

/** The real file system, for tests: notes every call when it begins, and fails those that it is told to. */
export class RecordedFileSystem {
  readonly calls: RecordedCall[] = []
  readonly ended: RecordedCall[] = []
  readonly openPaths = new Map<number, string>()
  readonly files: FileSystem
  #watchers: (() => void)[] = []
  #held: {
    readonly name: keyof FileSystem
    readonly path: RegExp
    begin: () => void
    readonly until: Promise<void>
  }[] = []
  #answers: { readonly name: keyof FileSystem; readonly path: RegExp; readonly value: unknown }[] = []
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
      get: (files, name: keyof FileSystem) =>
        name === 'fstatNow'
          ? (fd: number) => files.fstatNow(fd)
          : (...passed: unknown[]) => this.#call(files, name, passed),
    }
    this.files = new Proxy(nodeFileSystem, handler)
  }

  /** Holds back the next call of a path that matches. */
  hold(name: keyof FileSystem, path: RegExp): { readonly begun: Promise<void>; readonly release: () => void } {
    const begun = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    this.#held.push({ name, path, begin: begun.resolve, until: released.promise })
    return { begun: begun.promise, release: released.resolve }
  }

  /** Lets calls of a path that matches fail, so many times. */
  failWith(code: string, name: keyof FileSystem, path: RegExp, times = Infinity): void {
    this.#failures.push({ isMade: false, name, path, code, times })
  }

  /** Makes the next call of a path that matches, and lets it fail all the same, as when it was repeated. */
  loseAnswer(code: string, name: keyof FileSystem, path: RegExp): void {
    this.#failures.push({ isMade: true, name, path, code, times: 1 })
  }

  /** Answers the next call of a path that matches by another value than the one that it came to. */
  answer(name: keyof FileSystem, path: RegExp, value: unknown): void {
    this.#answers.push({ name, path, value })
  }

  /** The paths that were synced, with `data` for those whose content was. */
  get syncs(): readonly string[] {
    return this.calls.flatMap(({ name, path }) => {
      if (name === 'fdatasync') return [`data ${path}`]
      return name === 'fsync' ? [path] : []
    })
  }

  /** Waits until so many calls of paths that match have ended. */
  async seen(name: keyof FileSystem, path: RegExp, times: number): Promise<void> {
    while (this.ended.filter((call) => call.name === name && path.test(call.path)).length < times) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  count(name: keyof FileSystem, path = /./): number {
    return this.calls.filter((call) => call.name === name && path.test(call.path)).length
  }

  async #call(files: FileSystem, name: keyof FileSystem, passed: readonly unknown[]): Promise<unknown> {
    const [subject] = passed
    const path =
      typeof subject === 'number' ? (this.openPaths.get(subject) ?? `descriptor ${subject}`) : String(subject)
    this.calls.push({ name, path })
    const held = this.#held.find((each) => each.name === name && each.path.test(path))
    if (held !== undefined) {
      this.#held = this.#held.filter((each) => each !== held)
      held.begin()
      await held.until
    }
    const failure = this.#failures.find((each) => each.name === name && each.times > 0 && each.path.test(path))
    if (failure !== undefined) failure.times -= 1
    if (failure?.isMade === false) throw errorOf(failure.code)
    if (name.startsWith('close')) this.openPaths.delete(subject as number)
    const result: unknown = await Reflect.apply(files[name] as (...all: unknown[]) => unknown, files, passed)
    this.ended.push({ name, path })
    for (const wake of this.#watchers.splice(0)) wake()
    if (failure !== undefined) throw errorOf(failure.code)
    if (name === 'open') this.openPaths.set(result as number, path)
    const answer = this.#answers.find((each) => each.name === name && each.path.test(path))
    this.#answers = this.#answers.filter((each) => each !== answer)
    return answer === undefined ? result : answer.value
  }
}

function errorOf(code: string): FileSystemError {
  const cause: NodeJS.ErrnoException = new Error(`${code}: told to fail`)
  cause.code = code
  return new FileSystemError(cause)
}
