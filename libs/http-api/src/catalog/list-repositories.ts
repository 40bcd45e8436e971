import { RegistryError } from '@berth/errors'
import type { Catalog } from '@berth/manifests'
import type { Handler } from '../exchange/exchange.ts'
import { lastOf, maxAnswerBytes, nextPageLink, parsePageSize } from '../paging.ts'
import { respondJson } from '../exchange/respond.ts'

const defaultPageSize = 100

/** Lists the repositories, a page at a time, in byte order. */
export function listRepositories(parts: {
  readonly catalog: Catalog
  readonly catalogMaxEntries: number
  readonly prefix: string
}): Handler {
  const { catalog, catalogMaxEntries, prefix } = parts
  return async (exchange) => {
    const { query } = exchange
    const asked = parsePageSize(query)
    if (asked !== undefined && asked > catalogMaxEntries)
      throw new RegistryError('PAGINATION_NUMBER_INVALID', { n: String(query.get('n')) })
    const limit = asked ?? Math.min(defaultPageSize, catalogMaxEntries)
    const { entries, hasMore } = await catalog.list({ limit, maxBytes: maxAnswerBytes, ...lastOf(query) })
    const last = entries.at(-1)
    const headers =
      hasMore && last !== undefined ? nextPageLink(`${prefix}v2/_catalog`, { last, n: String(limit) }) : []
    respondJson(exchange, 200, `${JSON.stringify({ repositories: entries })}\n`, headers)
  }
}
