/**
 * The registry's HTTP API: the OCI distribution spec and the Docker Registry HTTP API V2, over the contracts of the
 * core rooms. Begin with `routes.ts`, which lists the whole of it; `HttpApiServer` serves it.
 */
export { HttpApiServer, type HttpApiOptions, type ListenAddress } from './http-api-server.ts'
export type { RequestLogger, RequestMetrics } from './observers.ts'
export type { RouteName } from './routes.ts'
export type { RegistryServices } from './services.ts'
export { defaultSettings, type HttpApiSettings } from './settings.ts'
