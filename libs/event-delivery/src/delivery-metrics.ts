import { STATUS_CODES } from 'node:http'
import type { Metrics } from '@berth/process'

/** Where deliveries are counted, by the endpoint's name. */
export interface DeliveryMetrics {
  /** So many events were recorded for the endpoint; so many wait now. */
  recorded(endpoint: string, events: number, waiting: number): void
  /** Events left their list: so many wait now. */
  waiting(endpoint: string, waiting: number): void
  /** The endpoint answered a request with so many events. */
  answered(endpoint: string, status: number, events: number, isSuccess: boolean): void
  /** A request with so many events had no answer. */
  unanswered(endpoint: string, events: number): void
  /** So many events became dead letters. */
  died(endpoint: string, events: number): void
  /** The endpoint gets no requests for a while, or again. */
  paused(endpoint: string, isPaused: boolean): void
  /** So many pulls have no event, since events came faster than they could be recorded. */
  dropped(events: number): void
}

/** The metrics of CNCF Distribution v3, by its names, and Berth's own. */
export function createDeliveryMetrics(families: Pick<Metrics, 'counter' | 'gauge'>): DeliveryMetrics {
  const labels = ['endpoint']
  const pending = families.gauge({
    name: 'registry_notifications_pending_total',
    help: 'Events that wait for an endpoint',
    labels,
  })
  const events = families.counter({
    name: 'registry_notifications_events_total',
    help: 'Events: recorded, and by the outcome of each request that carried them',
    labels: ['type', 'endpoint'],
  })
  const statuses = families.counter({
    name: 'registry_notifications_status_total',
    help: 'Events by the status that an endpoint answered',
    labels: ['code', 'endpoint'],
  })
  const dead = families.counter({
    name: 'berth_events_dead_total',
    help: 'Events that were too old to be sent again',
    labels,
  })
  const pauses = families.gauge({
    name: 'berth_event_endpoint_paused',
    help: 'Whether an endpoint gets no requests for a while because it fails',
    labels,
  })
  const dropped = families
    .counter({ name: 'berth_pull_events_dropped_total', help: 'Pulls without an event, since too many came at once' })
    .child()
  return {
    recorded: (endpoint, count, waiting) => {
      events.child('Events', endpoint).add(count)
      pending.child(endpoint).set(waiting)
    },
    waiting: (endpoint, waiting) => pending.child(endpoint).set(waiting),
    answered: (endpoint, status, count, isSuccess) => {
      events.child(isSuccess ? 'Successes' : 'Failures', endpoint).add(count)
      statuses.child(`${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(), endpoint).add(count)
    },
    unanswered: (endpoint, count) => events.child('Errors', endpoint).add(count),
    died: (endpoint, count) => dead.child(endpoint).add(count),
    paused: (endpoint, isPaused) => pauses.child(endpoint).set(isPaused ? 1 : 0),
    dropped: (count) => dropped.add(count),
  }
}
