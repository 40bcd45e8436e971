import type { RepositoryName } from '@berth/reference'
import type { RegistryEvent } from './event.ts'

/** An event, and the endpoints that receive it. */
export interface Recording {
  /** Names of endpoints, at least one. */
  readonly endpoints: readonly string[]
  readonly event: RegistryEvent
}

/** Records events before the request that led to them is answered. */
export interface EventLog {
  /**
   * Appends each event to the list of its repository for each of its endpoints, all or nothing. When the promise is
   * fulfilled, no end of a process loses them.
   *
   * @throws RegistryError UNAVAILABLE, StorageError: nothing can be recorded now
   */
  append(recordings: readonly Recording[]): Promise<void>
}

/** The events for one endpoint that are of one repository, in the order in which they were appended. */
export interface EventListKey {
  readonly endpoint: string
  readonly repository: RepositoryName
}

/** Takes recorded events out again, list by list. One deliverer at a time works on a list. */
export interface EventLists {
  /** The lists that have events now. */
  lists(): Promise<readonly EventListKey[]>

  /** Reads the oldest events of a list, at least one if it has any, and leaves them there. */
  oldest(list: EventListKey, limit: number): Promise<readonly RegistryEvent[]>

  /** Removes the `count` oldest events of a list: they were delivered. */
  remove(list: EventListKey, count: number): Promise<void>

  /** Moves the `count` oldest events of a list to the dead letters: they will not be delivered by themselves. */
  bury(list: EventListKey, count: number, reason: string): Promise<void>

  /** Calls `listener` with each list that events were appended to, and the number of these events. */
  onAppended(listener: (list: EventListKey, events: number) => void): void

  /** The number of events that wait for each endpoint. */
  waiting(): ReadonlyMap<string, number>
}
