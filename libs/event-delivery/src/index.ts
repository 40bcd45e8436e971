/**
 * Delivers recorded events to webhooks: in order for each endpoint and repository, and again until it succeeds.
 * Begin with `dispatcher.ts`.
 */
export { createDeliveryMetrics, type DeliveryMetrics } from './delivery-metrics.ts'
export { EventDispatcher, type DispatcherOptions } from './dispatcher.ts'
export type { Endpoint } from './endpoint.ts'
