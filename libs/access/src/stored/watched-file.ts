import { readFileSync, type Stats, statSync } from 'node:fs'
import { type Logger, RegistryError } from '@berth/errors'

export interface WatchedFileOptions<T> {
  readonly path: string
  /** Throws where the text is not what it should be. What it throws is logged. */
  readonly parse: (text: string) => T
  /** Throws if the value is one that a file may change to, but not begin with. */
  readonly requireFirst?: (value: T) => unknown
  readonly log: Logger
  readonly nowMs?: () => number
}

/** Resolution of file times, in milliseconds: a second change within it may leave the times as they were. */
const clockTickMs = 50

/**
 * The parsed content of a small file, as the file is now. The file is checked once for all requests that arrive together,
 * and read only if it changed. If the new content is invalid, the last valid one counts.
 */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>
  readonly #nowMs: () => number
  #seen: Stats
  #seenAtMs: number
  #text: string
  #value: T
  #isMissing = false
  /** Whether it was looked at for something that came together with what asks now. */
  #isLookedAt = false

  private constructor(options: WatchedFileOptions<T>) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#seen = statSync(options.path)
    this.#seenAtMs = this.#nowMs()
    this.#text = readFileSync(options.path, 'utf8')
    this.#value = options.parse(this.#text)
    options.requireFirst?.(this.#value)
  }

  /** @throws what the file system or `parse` says: there is nothing yet to go on with */
  static open<T>(options: WatchedFileOptions<T>): WatchedFile<T> {
    return new WatchedFile(options)
  }

  /**
   * The same value for as long as the file is the same.
   *
   * @throws RegistryError UNAVAILABLE: it is not there, or may not be read
   */
  get value(): T {
    if (this.#isLookedAt) return this.#value
    const { path, log } = this.#options
    try {
      const found = statSync(path)
      if (!this.#isSame(found)) this.#read(found)
      this.#isMissing = false
      this.#isLookedAt = true
      setImmediate(this.#lookAgain)
    } catch (error) {
      if (!this.#isMissing) log.error({ path, err: error }, 'cannot read an access file')
      this.#isMissing = true
      throw new RegistryError('UNAVAILABLE', { reason: 'who may have access cannot be told now' }, { cause: error })
    }
    return this.#value
  }

  // Whatever was sent after a change comes with a later turn of the event loop than what was looked at before it.
  readonly #lookAgain = (): void => void (this.#isLookedAt = false)

  #isSame({ dev, ino, size, mtimeMs, ctimeMs }: Stats): boolean {
    const seen = this.#seen
    if (mtimeMs !== seen.mtimeMs || ctimeMs !== seen.ctimeMs) return false
    if (size !== seen.size || ino !== seen.ino || dev !== seen.dev) return false
    return this.#seenAtMs - ctimeMs > clockTickMs
  }

  #read(found: Stats): void {
    const { path, parse, log } = this.#options
    const text = readFileSync(path, 'utf8')
    this.#seen = found
    this.#seenAtMs = this.#nowMs()
    if (text === this.#text) return
    this.#text = text
    try {
      this.#value = parse(text)
      log.info({ path }, 'an access file was reloaded')
    } catch (error) {
      log.error({ path, err: error }, 'an access file is invalid: keeping its previous content')
    }
  }
}
