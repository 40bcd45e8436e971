/**
 * The registry's HTTP API: the OCI distribution spec and the Docker Registry HTTP API V2, over the contracts of the
 * core rooms. Begin with `routes.ts`, which lists the whole of it; `HttpApiServer` serves it.
 *
 * An operation is a file in the folder of what it is about. What all of them share: `exchange/` is one request and its
 * response, `dispatcher.ts` leads it from its route to its log line, and `errors.ts` renders faults; `connections/` is
 * below that, and `urls/` beside it. `access/` says what each operation needs, and lets nobody else pass.
 */
export type { AccessControl } from './access/access-guard.ts'
export { HttpApiServer, type HttpApiOptions, type ListenAddress } from './http-api-server.ts'
export type { AccessMetrics, RequestLogger, RequestMetrics } from './observers.ts'
export { BlobRelay, type BlobRelayOptions } from './relay/blob-relay.ts'
export type { RouteName } from './routes.ts'
export { serveApi, type ServedApi } from './serve-api.ts'
export type { RegistryServices } from './services.ts'
export type { HttpApiSettings } from './settings.ts'
