import { readFile } from 'node:fs/promises'
import type { Logger } from '@berth/errors'
import type { Closable } from '../lifecycle/lifecycle.ts'
import { RepeatedTask, type RepeatedTaskOptions } from '../lifecycle/repeated-task.ts'

export interface FollowedFilesOptions {
  /** What the configuration calls them. */
  readonly key: string
  readonly paths: readonly string[]
  /** What they held when they were read last, one by one. */
  readonly texts: readonly string[]
  /** Goes on with what they hold now. @returns what is to be said of it @throws Error: they cannot be gone on with */
  readonly use: (texts: readonly string[]) => object
  readonly log: Logger
  /** Runs something after `ms`; returns what forgets it. */
  readonly after?: RepeatedTaskOptions['after']
}

/** How long a change may go unnoticed. */
const lookEveryMs = 5_000

/**
 * Reads a few small files again and again, and hands on what they hold when that changed. What cannot be used changes
 * nothing, and is logged once. They are read rather than watched: whoever swaps symbolic links, as Kubernetes does,
 * leaves the files themselves as they were, and not every file system tells of changes.
 */
export class FollowedFiles implements Closable {
  readonly #options: FollowedFilesOptions
  readonly #task: RepeatedTask
  #seen: readonly string[]
  #lastFailure: string | undefined

  constructor(options: FollowedFilesOptions) {
    const { key, texts, log, after } = options
    this.#options = options
    this.#seen = texts
    this.#task = new RepeatedTask({
      name: `${key}: look for changes`,
      delayMs: lookEveryMs,
      intervalMs: lookEveryMs,
      run: () => this.#look(),
      log,
      ...(after && { after }),
    })
  }

  async close(): Promise<void> {
    await this.#task.close()
  }

  async #look(): Promise<void> {
    const { key, paths, use, log } = this.#options
    try {
      const texts = await this.#readAll()
      this.#lastFailure = undefined
      // Of files that are being replaced one by one, some are old yet: what stays as it is counts.
      if (areSame(texts, this.#seen) || !areSame(texts, await this.#readAll())) return
      this.#seen = texts
      const facts = use(texts)
      log.info({ key, paths, ...facts }, 'files were read again')
    } catch (error) {
      this.#tell(error)
    }
  }

  #readAll(): Promise<readonly string[]> {
    return Promise.all(this.#options.paths.map((path) => readFile(path, 'utf8')))
  }

  #tell(error: unknown): void {
    const { key, paths, log } = this.#options
    const failure = error instanceof Error ? error.message : String(error)
    if (failure === this.#lastFailure) return
    this.#lastFailure = failure
    log.error({ key, paths, reason: failure }, 'files that changed cannot be used: what they held before counts')
  }
}

function areSame(texts: readonly string[], others: readonly string[]): boolean {
  return texts.every((text, index) => text === others[index])
}
