/** A webhook, as it is configured. */
export interface Endpoint {
  /** Its name in logs and metrics. */
  readonly name: string
  /** `http:` or `https:`. */
  readonly url: URL
  /** Headers of each request, each with its values. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Maximum duration of a request, in milliseconds. */
  readonly timeoutMs: number
  /** Number of failures in a row after which the endpoint gets no requests for a while. */
  readonly threshold: number
  /** The first pause after `threshold` failures, in milliseconds. It doubles with each failure that follows. */
  readonly backoffMs: number
  /** Maximum number of events in a request. */
  readonly batch: number
  /** Age after which an event that cannot be delivered becomes a dead letter, in milliseconds. */
  readonly maxAgeMs: number
  /** Whether the endpoint may have an address that `isAllowedAddress` refuses. */
  readonly allowPrivate: boolean
}
