import { type ServerWritableStream, status, type StatusObject } from '@grpc/grpc-js'
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  type HealthServer,
} from '../gen/grpc/health/v1/health.ts'

type Watcher = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>

/** gRPC's standard health service: all that a server serves is well until it begins to close. */
export class Health {
  readonly #services: ReadonlySet<string>
  readonly #watchers = new Set<Watcher>()
  #isServing = true

  /** @param services the full names of those that the server has */
  constructor(services: readonly string[]) {
    // The empty name is the server itself.
    this.#services = new Set(['', ...services])
  }

  get implementation(): HealthServer {
    return {
      check: ({ request: { service } }, callback) => {
        if (this.#services.has(service)) callback(null, { status: this.#status(service) })
        else callback({ code: status.NOT_FOUND, details: 'unknown service' } satisfies Partial<StatusObject>)
      },
      watch: (call) => {
        call.write({ status: this.#status(call.request.service) })
        if (!this.#isServing) return void call.end()
        this.#watchers.add(call)
        call.once('cancelled', () => this.#watchers.delete(call))
      },
    }
  }

  /** Tells all who watch, and lets them go: a server closes when its last call has ended. */
  stop(): void {
    this.#isServing = false
    for (const watcher of this.#watchers) {
      watcher.write({ status: this.#status(watcher.request.service) })
      watcher.end()
    }
    this.#watchers.clear()
  }

  #status(service: string): ServingStatus {
    if (!this.#services.has(service)) return ServingStatus.SERVICE_UNKNOWN
    return this.#isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING
  }
}
