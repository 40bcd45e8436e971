import type { Counter, Gauge, Histogram } from './families.ts'
import type { FamilyRegistry } from './family-registry.ts'

/** The API's route groups, by Distribution's names; `referrers`, `token` and `token_keys` are Berth's. */
export type HttpHandler =
  | 'base'
  | 'catalog'
  | 'tags'
  | 'manifest'
  | 'blob'
  | 'blob_upload'
  | 'blob_upload_chunk'
  | 'referrers'
  | 'token'
  | 'token_keys'

export interface HttpMetrics {
  /** A request began (1), or is over (-1), however it ended. */
  inFlight(handler: HttpHandler, change: 1 | -1): void

  /**
   * A request is over.
   *
   * @param method as it was sent
   * @param code the response's status
   * @param requestBytes of the body, as far as it was received
   * @param responseBytes of the body, as far as it was sent
   */
  observe(
    handler: HttpHandler,
    method: string,
    code: number,
    seconds: number,
    requestBytes: number,
    responseBytes: number,
  ): void

  /** A connection or a request was turned away before any route saw it. */
  refused(reason: (typeof refusals)[number]): void

  /** Connections are shown a certificate from now on, which expires then. */
  certificateExpires(at: Date): void
}

const refusals = [
  'TLS',
  'client certificate',
  'malformed',
  'head too large',
  'head too slow',
  'URL too long',
  'too many headers',
  'pipelined too much',
  'too many connections',
] as const

const handlers: readonly HttpHandler[] = [
  'base',
  'catalog',
  'tags',
  'manifest',
  'blob',
  'blob_upload',
  'blob_upload_chunk',
  'referrers',
  'token',
  'token_keys',
]
// Any other method is one label: what clients make up must not make series.
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60]
const sizeBuckets = Array.from({ length: 22 }, (_, exponent) => 1024 * 2 ** exponent)

/** Distribution's HTTP metrics. */
export function createHttpMetrics(registry: FamilyRegistry): HttpMetrics {
  const families = {
    inFlight: registry.gauge({
      name: 'registry_http_in_flight_requests',
      help: 'The in-flight HTTP requests',
      labels: ['handler'],
    }),
    requests: registry.counter({
      name: 'registry_http_requests_total',
      help: 'Total number of HTTP requests made',
      labels: ['handler', 'code', 'method'],
    }),
    durations: registry.histogram({
      name: 'registry_http_request_duration_seconds',
      help: 'The HTTP request latencies in seconds',
      labels: ['handler', 'method'],
      buckets: durationBuckets,
    }),
    requestSizes: registry.histogram({
      name: 'registry_http_request_size_bytes',
      help: 'The HTTP request sizes in bytes',
      labels: ['handler'],
      buckets: sizeBuckets,
    }),
    responseSizes: registry.histogram({
      name: 'registry_http_response_size_bytes',
      help: 'The HTTP response sizes in bytes',
      labels: ['handler'],
      buckets: sizeBuckets,
    }),
  }
  const refused = registry.counter({
    name: 'berth_http_refusals_total',
    help: 'Connections and requests that were turned away before any route saw them',
    labels: ['reason'],
  })
  const expiry = registry.gauge({
    name: 'berth_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate that clients are shown expires',
    labels: ['listener'],
  })
  const refusalCounters = new Map(
    refusals.map((reason) => [reason, refused.child(reason.toLowerCase().replaceAll(' ', '_'))]),
  )
  const byHandler = new Map(handlers.map((handler) => [handler, new HandlerMetrics(handler, families)]))
  return {
    inFlight: (handler, change) => byHandler.get(handler)?.inFlight.add(change),
    observe: (handler, method, code, seconds, requestBytes, responseBytes) =>
      byHandler.get(handler)?.observe(method, code, seconds, requestBytes, responseBytes),
    refused: (reason) => refusalCounters.get(reason)?.add(),
    certificateExpires: (at) => expiry.child('http').set(Math.floor(at.getTime() / 1000)),
  }
}

interface Families {
  readonly inFlight: { child(handler: string): Gauge }
  readonly requests: { child(handler: string, code: string, method: string): Counter }
  readonly durations: { child(handler: string, method: string): Histogram }
  readonly requestSizes: { child(handler: string): Histogram }
  readonly responseSizes: { child(handler: string): Histogram }
}

interface MethodMetrics {
  readonly label: string
  readonly duration: Histogram
  /** By status. */
  readonly requests: Counter[]
}

/** The children of one handler, found once and kept: a request costs two look-ups. */
class HandlerMetrics {
  readonly inFlight: Gauge
  readonly #handler: string
  readonly #families: Families
  readonly #requestSizes: Histogram
  readonly #responseSizes: Histogram
  readonly #methods = new Map<string, MethodMetrics>()

  constructor(handler: string, families: Families) {
    this.#handler = handler
    this.#families = families
    this.inFlight = families.inFlight.child(handler)
    this.#requestSizes = families.requestSizes.child(handler)
    this.#responseSizes = families.responseSizes.child(handler)
  }

  observe(method: string, code: number, seconds: number, requestBytes: number, responseBytes: number): void {
    const ofMethod = this.#methods.get(method) ?? this.#ofMethod(method)
    const requests = ofMethod.requests[code] ?? this.#ofCode(ofMethod, code)
    requests.add(1)
    ofMethod.duration.observe(seconds)
    this.#requestSizes.observe(requestBytes)
    this.#responseSizes.observe(responseBytes)
  }

  #ofMethod(method: string): MethodMetrics {
    if (!methods.has(method)) return this.#methods.get('') ?? this.#keep('', 'other')
    return this.#keep(method, method.toLowerCase())
  }

  #keep(method: string, label: string): MethodMetrics {
    const made = { label, duration: this.#families.durations.child(this.#handler, label), requests: [] }
    this.#methods.set(method, made)
    return made
  }

  #ofCode({ label, requests }: MethodMetrics, code: number): Counter {
    const made = this.#families.requests.child(this.#handler, String(code), label)
    requests[code] = made
    return made
  }
}
