import type { Digest } from '@berth/digest'
import type { Logger } from '@berth/errors'
import type { StoredManifest } from '@berth/manifests'
import type { RepositoryName, Tag } from '@berth/reference'
import type { EventLog, Recording } from './event-log.ts'
import type { Recorder } from './recorder.ts'
import { blobHappening } from './recording/blob-happening.ts'
import { manifestTarget } from './recording/recorded-manifests.ts'

/** Maximum number of events that wait to be recorded. */
const maxWaiting = 2000
/** Maximum number of events that are recorded at once. */
const batchSize = 200

export interface PullRecorderOptions {
  readonly recorder: Recorder
  readonly log: EventLog
  readonly logger: Logger
  /** Whether events of manifests name what the manifest references. */
  readonly includeReferences: boolean
  /** So many events were not recorded, because too many waited or recording failed. */
  readonly onDropped: (events: number) => void
}

/**
 * Records pulls, as well as it can: no pull waits for it. Events of pulls are recorded many at once, and are dropped and
 * counted if they come faster than they can be recorded.
 */
export class PullRecorder {
  readonly #options: PullRecorderOptions
  readonly #waiting: Recording[] = []
  #recording: Promise<void> | undefined

  constructor(options: PullRecorderOptions) {
    this.#options = options
  }

  /** A client was answered with a blob, or would have been if it had not had it already. */
  blob(repository: RepositoryName, blob: { readonly digest: Digest; readonly size: number }): void {
    this.#add(() => blobHappening('pull', repository, blob))
  }

  /** A client was answered with a manifest. */
  manifest(repository: RepositoryName, manifest: StoredManifest, tag?: Tag): void {
    this.#add(() => ({
      action: 'pull',
      target: {
        ...manifestTarget(repository, manifest, this.#options.includeReferences),
        ...(tag !== undefined && { tag }),
      },
      path: `${repository}/manifests/${manifest.digest}`,
    }))
  }

  /** Waits until all that came is recorded. */
  async close(): Promise<void> {
    while (this.#recording !== undefined) await this.#recording
  }

  #add(happening: () => Parameters<Recorder['recordingOf']>[0]): void {
    const { recorder, onDropped } = this.#options
    if (this.#waiting.length >= maxWaiting) return onDropped(1)
    const recording = recorder.recordingOf(happening())
    if (recording === undefined) return
    this.#waiting.push(recording)
    this.#recording ??= this.#record().finally(() => {
      this.#recording = undefined
    })
  }

  async #record(): Promise<void> {
    const { log, logger, onDropped } = this.#options
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchSize)
      try {
        await log.append(batch)
      } catch (error) {
        onDropped(batch.length)
        logger.warn({ err: error, events: batch.length }, 'pull events were not recorded')
      }
    }
  }
}
