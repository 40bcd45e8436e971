import type { Tags } from '@berth/manifests'
import type { Handler } from '../exchange/exchange.ts'
import { lastOf, maxAnswerBytes, nextPageLink, parsePageSize } from '../paging.ts'
import { respondJson } from '../exchange/respond.ts'

/**
 * Lists a repository's tags in byte order: a page where one is asked for, else all of them that one answer has room for.
 *
 * @see OCI distribution-spec, "Listing Tags"
 */
export function listTags(parts: {
  readonly tags: Tags
  readonly tagsMaxTags: number
  readonly prefix: string
}): Handler {
  const { tags, tagsMaxTags, prefix } = parts
  return async (exchange) => {
    const { repository, query } = exchange
    const asked = parsePageSize(query)
    const limit = asked === undefined ? undefined : Math.min(asked, tagsMaxTags)
    const request = { ...(limit !== undefined && { limit }), maxBytes: maxAnswerBytes, ...lastOf(query) }
    const page = await tags.list(repository, request)
    const last = page.entries.at(-1)
    const size = limit === undefined ? {} : { n: String(limit) }
    const headers =
      page.hasMore && last !== undefined ? nextPageLink(`${prefix}v2/${repository}/tags/list`, { last, ...size }) : []
    // Neither names nor tags have characters that JSON escapes, and lists are long.
    const list = page.entries.length === 0 ? '' : `"${page.entries.join('","')}"`
    respondJson(exchange, 200, `{"name":"${repository}","tags":[${list}]}\n`, headers)
  }
}
