import { readFile } from 'node:fs/promises'
import type { Logger } from '@berth/errors'
import type { Closable } from '../lifecycle/lifecycle.ts'
import { RepeatedTask, type RepeatedTaskOptions } from '../lifecycle/repeated-task.ts'
import { MismatchedPair } from '@berth/configuration'

export interface FollowedFilesOptions {
  /** The section of the configuration that names the files. */
  readonly key: string
  readonly paths: readonly string[]
  /** The content of each file when it was read last. */
  readonly texts: readonly string[]
  /**
   * Uses the new content from now on.
   *
   * @returns facts about it, for the log; with a `warning`, the line is one
   * @throws MismatchedPair if a certificate and a key do not belong together (yet)
   * @throws Error if the content cannot be used for another reason
   */
  readonly use: (texts: readonly string[]) => object & { readonly warning?: string | undefined }
  readonly log: Logger
  /** Runs something after `ms`; returns what forgets it. */
  readonly after?: RepeatedTaskOptions['after']
}

/** Interval between two looks at the files, in milliseconds. */
const lookEveryMs = 5_000

/**
 * Reads a few small files at an interval, and passes their content on when it changed. Content that cannot be used changes
 * nothing and is logged once. The files are read rather than watched: Kubernetes swaps a symbolic link above them, which
 * leaves the files themselves as they were, and not every file system reports changes.
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
      // A file may be read while it is written. Only content that stays the same for two reads counts.
      if (areSame(texts, this.#seen) || !areSame(texts, await this.#readAll())) return
      this.#seen = texts
      const { warning, ...facts } = use(texts)
      if (warning === undefined) log.info({ key, paths, ...facts }, 'files were reloaded')
      else log.warn({ key, paths, ...facts, warning }, 'files were reloaded')
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
    const facts = { key, paths, reason: failure }
    // Files that are replaced one after the other do not match until the last one is there.
    if (error instanceof MismatchedPair)
      log.warn(facts, 'the new certificate and key do not match yet: keeping the previous ones')
    else log.error(facts, 'cannot use the changed files: keeping their previous content')
  }
}

function areSame(texts: readonly string[], others: readonly string[]): boolean {
  return texts.every((text, index) => text === others[index])
}
