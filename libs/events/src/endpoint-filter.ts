import type { EventAction, EventTarget } from './event.ts'

/** Which events an endpoint receives. */
export interface EndpointFilter {
  /** The endpoint's name in the configuration, in logs and in metrics. */
  readonly name: string
  /** Events of these media types are not sent. */
  readonly ignoredMediaTypes: readonly string[]
  /** Events of these actions are not sent. */
  readonly ignoredActions: readonly string[]
}

/** Whether an endpoint receives an event. */
export function receives(
  { ignoredActions, ignoredMediaTypes }: EndpointFilter,
  action: EventAction,
  { mediaType }: EventTarget,
): boolean {
  return !ignoredActions.includes(action) && (mediaType === undefined || !ignoredMediaTypes.includes(mediaType))
}
