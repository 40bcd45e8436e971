import type { Descriptor } from '@berth/descriptor'
import { parseDigest } from '@berth/digest'
import type { Referrers } from '@berth/manifests'
import type { Handler } from '../exchange.ts'
import { lastOf, nextPageLink, parsePageSize } from '../paging.ts'
import { respond } from '../respond.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'
const maxEntries = 1000
/** Bytes of descriptors in one page: clients take no index that is larger than a manifest may be. */
const maxPageSize = 4 * 1024 * 1024 - 1024

/** Lists the manifests whose subject is a digest, as an index. @see OCI distribution-spec, "Listing Referrers" */
export function listReferrers(parts: { readonly referrers: Referrers; readonly prefix: string }): Handler {
  const { referrers, prefix } = parts
  return async (exchange) => {
    const { repository, query } = exchange
    const subject = parseDigest(exchange.parameter)
    const artifactType = query.get('artifactType') ?? ''
    const asked = parsePageSize(query)
    const limit = Math.min(asked || maxEntries, maxEntries)
    const page = await referrers.list(repository, subject, { limit, ...lastOf(query) }, artifactType || undefined)
    const { json, count } = fittingEntries(page.entries)

    const headers = ['Content-Type', indexType]
    if (artifactType !== '') headers.push('OCI-Filters-Applied', 'artifactType')
    const last = page.entries[count - 1]
    if (last !== undefined && (page.hasMore || count < page.entries.length)) {
      const filter = artifactType === '' ? {} : { artifactType }
      const size = asked === undefined ? {} : { n: String(limit) }
      headers.push(
        ...nextPageLink(`${prefix}v2/${repository}/referrers/${subject}`, { ...filter, ...size, last: last.digest }),
      )
    }
    respond(exchange, 200, headers, `{"schemaVersion":2,"mediaType":"${indexType}","manifests":[${json}]}\n`)
  }
}

/** As many entries as a page has room for, at least one. */
function fittingEntries(entries: readonly Descriptor[]): { json: string; count: number } {
  const fitting: string[] = []
  let size = 0
  for (const entry of entries) {
    const json = JSON.stringify(entry)
    size += Buffer.byteLength(json) + 1
    if (size > maxPageSize && fitting.length > 0) break
    fitting.push(json)
  }
  return { json: fitting.join(','), count: fitting.length }
}
