import type { Handler } from './exchange/exchange.ts'
import type { Method, Route, RouteName } from './routes.ts'
import type { ApiParts, RegistryServices } from './services.ts'
import type { HttpApiSettings } from './settings.ts'

/** A route as one server has it: where, and with which operations. */
export interface MountedRoute {
  readonly name: RouteName
  readonly pattern: RegExp
  readonly handlers: Readonly<Partial<Record<Method, Handler>>>
  /** The `Allow` header: what it can be asked for. */
  readonly allow: string
}

const harmless: ReadonlySet<string> = new Set<Method>(['ANY', 'GET', 'HEAD'])

/** The routes whose services are there, without the methods that change anything where the registry is read-only. */
export function mountRoutes(
  routes: readonly Route[],
  services: Partial<RegistryServices>,
  settings: HttpApiSettings,
): MountedRoute[] {
  // Each route has what it needs: that was looked at just before its operations are made.
  const parts = { ...settings, ...services } as ApiParts
  return routes
    .filter((route) => route.services.every((service) => services[service] !== undefined))
    .map(({ name, path, operations }) => {
      const served = Object.entries(operations).filter(([method]) => !settings.isReadOnly || harmless.has(method))
      return {
        name,
        pattern: new RegExp(`^${settings.prefix.replaceAll(/[^\w/]/g, String.raw`\$&`)}v2/${path}$`),
        handlers: Object.fromEntries(served.map(([method, operation]) => [method, operation(parts)])),
        allow: served
          .map(([method]) => method)
          .sort()
          .join(', '),
      }
    })
}
