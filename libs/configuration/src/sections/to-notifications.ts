import type { EndpointConfig, NotificationsConfig } from '../config.ts'
import { entryPath, type Findings } from '../problems.ts'
import { isHeaderName } from '../schema/http.ts'
import type { ValueOf } from '../schema/node.ts'
import type { notifications } from '../schema/notifications.ts'
import { Secret } from '../values/secret.ts'

type Read = ValueOf<typeof notifications>
type ReadEndpoint = Read['endpoints'][number]

/** The defaults of CNCF Distribution, which also replace values of zero and less. */
const [timeoutMs, threshold, backoffMs] = [1000, 10, 1000]

export function toNotifications({ events, endpoints }: Read, findings: Findings): NotificationsConfig {
  const names = new Set<string>()
  const enabled = endpoints.flatMap((read, index) => {
    if (read.disabled) return []
    const path = `notifications.endpoints[${index}]`
    const endpoint = toEndpoint(path, read, findings)
    if (endpoint === undefined) return []
    if (names.has(endpoint.name)) findings.problem(`${path}.name`, 'is the name of another endpoint, too')
    names.add(endpoint.name)
    return [endpoint]
  })
  return { includeReferences: events.includeReferences, endpoints: enabled }
}

/** @returns `undefined`: there is a problem */
function toEndpoint(path: string, read: ReadEndpoint, findings: Findings): EndpointConfig | undefined {
  const { name, url, headers, ignore, ignoredMediaTypes } = read
  for (const [index, header] of Object.keys(headers).entries())
    if (!isHeaderName(header)) findings.problem(entryPath(`${path}.headers`, index), 'cannot be the name of a header')
  if (!name) findings.problem(`${path}.name`, 'is required')
  if (!url) findings.problem(`${path}.url`, 'is required')
  if (!name || !url) return undefined
  const secrets = Object.entries(headers).map(([header, values]) => [header, values.map((value) => new Secret(value))])
  return {
    name,
    url: new Secret(url),
    headers: Object.fromEntries(secrets) as Readonly<Record<string, readonly Secret[]>>,
    timeoutMs: read.timeoutMs > 0 ? read.timeoutMs : timeoutMs,
    threshold: read.threshold > 0 ? read.threshold : threshold,
    backoffMs: read.backoffMs > 0 ? read.backoffMs : backoffMs,
    batch: read.batch,
    maxAgeMs: read.maxAgeMs,
    allowPrivate: read.allowPrivate,
    ignoredMediaTypes: [...ignoredMediaTypes, ...ignore.mediaTypes],
    ignoredActions: ignore.actions,
  }
}
