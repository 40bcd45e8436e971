import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { RepositoryName, Tag } from '@berth/reference'

export type EventAction = 'push' | 'pull' | 'mount' | 'delete'

/**
 * One thing that happened to a repository, as webhooks receive it: the JSON of CNCF Distribution 2.8, field for field.
 * Fields without a value are absent.
 *
 * @see notifications.md §1 of the reference: what each action fills
 */
export interface RegistryEvent {
  /** A UUID. An event that is delivered twice has the same id. */
  readonly id: string
  /** RFC 3339. */
  readonly timestamp: string
  readonly action: EventAction
  readonly target: EventTarget
  /** The request that led to the event. */
  readonly request: EventRequest
  readonly actor: EventActor
  readonly source: EventSource
}

export interface EventTarget {
  readonly mediaType?: string
  /** In bytes. */
  readonly size?: number
  readonly digest?: Digest
  /** The same as `size`. */
  readonly length?: number
  readonly repository: RepositoryName
  /** The repository that a blob was mounted from. */
  readonly fromRepository?: RepositoryName
  readonly url?: string
  readonly tag?: Tag
  /** The descriptors in the manifest, if the configuration asks for them. */
  readonly references?: readonly Descriptor[]
}

export interface EventRequest {
  readonly id?: string
  /** The client's address. */
  readonly addr?: string
  /** The `Host` header. */
  readonly host?: string
  readonly method?: string
  readonly useragent?: string
}

interface EventActor {
  readonly name?: string
}

/** The process that made the event. */
export interface EventSource {
  /** `host:port`. */
  readonly addr: string
  /** A UUID for each start of a process. */
  readonly instanceID: string
}
