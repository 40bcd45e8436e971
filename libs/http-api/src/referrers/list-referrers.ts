import { parseDigest } from '@berth/digest'
import { formatIndex, mediaTypes } from '@berth/manifest'
import type { Referrers } from '@berth/manifests'
import type { Handler } from '../exchange/exchange.ts'
import { lastOf, maxAnswerBytes, nextPageLink, parsePageSize } from '../paging.ts'
import { respond } from '../exchange/respond.ts'

const maxEntries = 1000

/** Lists the manifests whose subject is a digest, as an index. @see OCI distribution-spec, "Listing Referrers" */
export function listReferrers(parts: { readonly referrers: Referrers; readonly prefix: string }): Handler {
  const { referrers, prefix } = parts
  return async (exchange) => {
    const { repository, query } = exchange
    const subject = parseDigest(exchange.parameter)
    const artifactType = withPlus(query.get('artifactType') ?? '')
    const asked = parsePageSize(query)
    const limit = Math.min(asked || maxEntries, maxEntries)
    const request = { limit, maxBytes: maxAnswerBytes, ...lastOf(query) }
    const page = await referrers.list(repository, subject, request, artifactType || undefined)

    const headers = ['Content-Type', mediaTypes.ociIndex]
    if (artifactType !== '') headers.push('OCI-Filters-Applied', 'artifactType')
    if (page.hasMore && page.last !== undefined) {
      const filter = artifactType === '' ? {} : { artifactType }
      const size = asked === undefined ? {} : { n: String(limit) }
      headers.push(
        ...nextPageLink(`${prefix}v2/${repository}/referrers/${subject}`, { ...filter, ...size, last: page.last }),
      )
    }
    const index = formatIndex(page.entries.map(({ descriptor }) => descriptor))
    respond(exchange, 200, headers, index)
  }
}

/** A `+` that a client has not encoded, as in `application/x+json`, is read as a space, which only parameters have. */
function withPlus(mediaType: string): string {
  return mediaType.replace(/^[^;]+/, (essence) => essence.replaceAll(/(?<=\S) (?=\S)/g, '+'))
}
