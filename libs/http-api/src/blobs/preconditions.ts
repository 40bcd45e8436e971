import type { IncomingHttpHeaders } from 'node:http'

/** What a request's conditions say about content that is there. */
export type Outcome = 'send' | 'not modified' | 'failed'

/**
 * Evaluates `If-Match`, then `If-None-Match`. Dates are not looked at: content that never changes has none.
 *
 * @param etag strong, in its quotes
 * @see RFC 9110, section 13.2.2
 */
export function checkPreconditions(headers: IncomingHttpHeaders, etag: string): Outcome {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  if (ifMatch !== undefined && !names(ifMatch, etag, 'strongly')) return 'failed'
  if (ifNoneMatch !== undefined && names(ifNoneMatch, etag, 'weakly')) return 'not modified'
  return 'send'
}

/** Whether a `Range` counts: `If-Range` is absent, or names this very content. @see RFC 9110, section 13.1.5 */
export function rangeCounts(headers: IncomingHttpHeaders, etag: string): boolean {
  const ifRange = headers['if-range']
  return ifRange === undefined || ifRange === etag
}

const entityTag = /(W\/)?("[^"]*")/g

function names(header: string, etag: string, comparing: 'strongly' | 'weakly'): boolean {
  if (header.trim() === '*') return true
  for (const [, weak, tag] of header.matchAll(entityTag))
    if (tag === etag && (weak === undefined || comparing === 'weakly')) return true
  return false
}
