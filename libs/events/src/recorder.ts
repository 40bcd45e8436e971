import { randomUUID } from 'node:crypto'
import { type EndpointFilter, receives } from './endpoint-filter.ts'
import type { EventAction, EventSource, EventTarget } from './event.ts'
import type { EventContext, RequestFacts } from './event-context.ts'
import type { EventLog, Recording } from './event-log.ts'

export interface RecorderOptions {
  readonly log: EventLog
  readonly endpoints: readonly EndpointFilter[]
  readonly source: EventSource
  readonly context: EventContext
  readonly nowMs?: () => number
}

/** Something that happened, before it is an event. */
export interface Happening {
  readonly action: EventAction
  readonly target: EventTarget
  /** The target's URL below `/v2/`, if the event has one. */
  readonly path?: string
}

const outsideOfRequests: RequestFacts = { request: {}, actor: undefined, baseUrl: '/v2/' }

/** Makes events of what happened, and records them for the endpoints that receive them. */
export class Recorder {
  readonly #options: RecorderOptions

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Records in this order what happened to one repository. @throws as `EventLog.append` */
  async record(happenings: readonly Happening[]): Promise<void> {
    const recordings = happenings.flatMap((happening) => this.recordingOf(happening) ?? [])
    if (recordings.length > 0) await this.#options.log.append(recordings)
  }

  /** Makes an event of what happened for the request of the context. @returns `undefined` if no endpoint receives it */
  recordingOf({ action, target, path }: Happening): Recording | undefined {
    const { endpoints, context, source, nowMs = Date.now } = this.#options
    const receivers = endpoints.filter((endpoint) => receives(endpoint, action, target)).map(({ name }) => name)
    if (receivers.length === 0) return undefined
    const { request, actor, baseUrl } = context.current ?? outsideOfRequests
    const event = {
      id: randomUUID(),
      timestamp: new Date(nowMs()).toISOString(),
      action,
      target: inOrder(target, path === undefined ? undefined : baseUrl + path),
      request,
      actor: actor === undefined ? {} : { name: actor },
      source,
    }
    return { endpoints: receivers, event }
  }
}

/** A target with its URL, and its fields in the order of CNCF Distribution 2.8. */
function inOrder(target: EventTarget, url: string | undefined): EventTarget {
  const { mediaType, size, digest, repository, fromRepository, tag, references } = target
  return {
    ...(mediaType !== undefined && { mediaType }),
    ...(size !== undefined && { size }),
    ...(digest !== undefined && { digest }),
    ...(size !== undefined && { length: size }),
    repository,
    ...(fromRepository !== undefined && { fromRepository }),
    ...(url !== undefined && { url }),
    ...(tag !== undefined && { tag }),
    ...(references !== undefined && references.length > 0 && { references }),
  }
}
