import { isOpen } from './access/route-access.ts'
import type { RequestExchange } from './exchange/request-exchange.ts'
import type { Method, Route, RouteName } from './routes.ts'
import type { ApiParts, RegistryServices } from './services.ts'
import type { HttpApiSettings } from './settings.ts'

/** A route as one server has it: where, and with which operations. */
export interface MountedRoute {
  readonly name: RouteName
  readonly pattern: RegExp
  /** Its path with the names of what varies, for people. */
  readonly template: string
  readonly handlers: Readonly<Partial<Record<Method, (exchange: RequestExchange) => Promise<void>>>>
  /** Whether its operations are done elsewhere, where it is also decided who may. */
  readonly isRelayed: boolean
  /** Whether it is for whoever comes: nobody has to be let in first. */
  readonly isOpen: boolean
  /** The `Allow` header: what it can be asked for. */
  readonly allow: string
}

const harmless: ReadonlySet<string> = new Set<Method>(['ANY', 'GET', 'HEAD'])

/**
 * The routes whose services are there, or can be asked elsewhere, without the methods that change anything where the
 * registry is read-only.
 */
export function mountRoutes(
  routes: readonly Route[],
  services: Partial<RegistryServices>,
  settings: HttpApiSettings,
): MountedRoute[] {
  // Each route has what it needs: that was looked at just before its operations are made.
  const parts = { ...settings, ...services } as ApiParts
  const relayed = services.relay?.operation(settings)
  const isServed = (route: Route): boolean => route.services.every((service) => services[service] !== undefined)
  return routes
    .filter((route) => isServed(route) || (relayed !== undefined && route.isRelayable === true))
    .map((route) => {
      const { name, path, operations, isBeside = false } = route
      const below = isBeside ? '' : 'v2/'
      const served = Object.entries(operations).filter(
        ([method]) => !settings.isReadOnly || isBeside || harmless.has(method),
      )
      return {
        name,
        pattern: new RegExp(`^${settings.prefix.replaceAll(/[^\w/]/g, String.raw`\$&`)}${below}${path}$`),
        template: `${settings.prefix}${below}${templateOf(path)}`,
        handlers: Object.fromEntries(
          served.map(([method, operation]) => [method, isServed(route) ? operation(parts) : relayed]),
        ),
        isRelayed: !isServed(route),
        isOpen: isOpen(name),
        // Where nothing else is allowed this much is, and is answered with just that.
        allow:
          served
            .map(([method]) => method)
            .sort()
            .join(', ') || 'OPTIONS',
      }
    })
}

/** `(?<name>.+)/tags/list` as `{name}/tags/list`. */
function templateOf(path: string): string {
  return path.replaceAll(/\(\?<(\w+)>(?:\(\?!.*?\)|.)*?\)/g, '{$1}')
}
