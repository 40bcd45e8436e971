import type { Access } from '@berth/access'
import { unlessInvalid } from '@berth/errors'
import { parseRepositoryName } from '@berth/reference'
import type { RequestExchange } from '../exchange/request-exchange.ts'
import type { Method, Route, RouteName } from '../routes.ts'

/** What an operation needs: actions in the repository of the path, unless another thing is named. */
type Need = 'pull' | 'push' | 'delete' | 'pull of the source' | 'all of the catalog'

const reading: readonly Need[] = ['pull']
const writing: readonly Need[] = ['pull', 'push']
const deleting: readonly Need[] = ['delete']

type Needs = Readonly<Partial<Record<Method, readonly Need[]>>>

/**
 * What the operations of each route need; `open`: nothing, since it is where people ask to be let in. Whoever adds an
 * operation says here what it needs: a server with a route that has no entry for one of its operations does not start.
 */
export const routeAccess: Readonly<Record<RouteName, Needs | 'open'>> = {
  // Whoever is anybody at all may know that this is a registry: `docker login` asks for just this.
  base: { ANY: [] },
  catalog: { GET: ['all of the catalog'] },
  tags: { GET: reading },
  referrers: { GET: reading },
  manifest: { GET: reading, HEAD: reading, PUT: writing, DELETE: deleting },
  blob: { GET: reading, HEAD: reading, DELETE: deleting },
  blob_upload: { POST: [...writing, 'pull of the source'] },
  // To cancel an upload takes what it takes to start one: clients have no other token then.
  blob_upload_chunk: { GET: reading, HEAD: reading, PATCH: writing, PUT: writing, DELETE: ['push'] },
  token: 'open',
  token_keys: 'open',
}

/** Whether nobody has to be let in first. */
export function isOpen(route: RouteName): boolean {
  return routeAccess[route] === 'open'
}

/** What a client must be allowed to be told that there is no such operation. */
const unserved: Readonly<Record<string, readonly Need[]>> = {
  GET: reading,
  HEAD: reading,
  POST: writing,
  PUT: writing,
  PATCH: writing,
  DELETE: deleting,
}

/** @throws Error an operation has no entry: nobody said who may do it */
export function requireEntries(routes: readonly Route[], table: Partial<typeof routeAccess> = routeAccess): void {
  for (const { name, operations } of routes) {
    const needs = table[name]
    if (needs === 'open') continue
    for (const method of Object.keys(operations))
      if (needs?.[method as Method] === undefined)
        throw new Error(`nobody said what access ${method} of the route ${name} needs`)
  }
}

/** What a request asks for. In a repository whose name is none there is nothing to ask for. */
export function accessesOf(route: RouteName, exchange: RequestExchange): Access[] {
  const { method } = exchange.request
  const ofRoute = routeAccess[route]
  if (ofRoute === 'open') return []
  const needs = ofRoute[method as Method] ?? ofRoute.ANY ?? (exchange.name === '' ? ofRoute.GET : unserved[method])
  const name = exchange.name === '' ? '' : unlessInvalid(nameOf, exchange)
  const accesses: Access[] = []
  if (needs === undefined || name === undefined) return accesses
  for (const need of needs) {
    const access = accessOf(need, name, exchange)
    if (access !== undefined) accesses.push(access)
  }
  return accesses
}

function accessOf(need: Need, name: string, exchange: RequestExchange): Access | undefined {
  if (need === 'all of the catalog') return { type: 'registry', name: 'catalog', action: '*' }
  if (need !== 'pull of the source') return { type: 'repository', name, action: need }
  // As the operation reads it: of a source that is no name there is nothing to mount.
  const source = unlessInvalid(parseRepositoryName, exchange.query.get('from') ?? '')
  return source && { type: 'repository', name: source, action: 'pull' }
}

const nameOf = ({ repository }: RequestExchange): string => repository
