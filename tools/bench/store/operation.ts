import type { IncomingHttpHeaders } from 'node:http'

/** What a request asks of a store, as its bill knows it. */
const operations = ['GET', 'HEAD', 'LIST', 'PUT', 'part', 'multipart', 'COPY', 'DELETE'] as const
export type Operation = (typeof operations)[number]

/**
 * A part of a multipart upload is apart from what begins, ends and lists one; a part that the store takes from an object
 * is a copy. Probes of the bucket count as `HEAD`.
 *
 * @param url path and query
 */
export function operationOf(method: string, url: string, headers: IncomingHttpHeaders): Operation {
  const { pathname, searchParams: query } = new URL(url, 'http://store')
  switch (method) {
    case 'PUT':
      if ('x-amz-copy-source' in headers) return 'COPY'
      return query.has('partNumber') ? 'part' : 'PUT'
    case 'POST':
      return query.has('delete') ? 'DELETE' : 'multipart'
    case 'DELETE':
      return query.has('uploadId') ? 'multipart' : 'DELETE'
    case 'HEAD':
      return 'HEAD'
    case 'GET':
      if (query.has('uploads') || query.has('uploadId')) return 'multipart'
      return isObject(pathname) ? 'GET' : 'LIST'
    default:
      throw new Error(`${method} is nothing that is asked of a store`)
  }
}

/** `/bucket/key` rather than `/bucket`. */
function isObject(pathname: string): boolean {
  return /^\/[^/]+\/./.test(pathname)
}

/** How many there were of each operation. */
export type Counts = ReadonlyMap<Operation, number>

export function count(all: Iterable<Operation>): Counts {
  const counts = new Map<Operation, number>()
  for (const operation of all) counts.set(operation, (counts.get(operation) ?? 0) + 1)
  return counts
}

export function totalOf(counts: Counts): number {
  return [...counts.values()].reduce((sum, each) => sum + each, 0)
}

/** `2 HEAD, 1 PUT`. */
export function formatCounts(counts: Counts): string {
  return operations.flatMap((each) => (counts.has(each) ? [`${counts.get(each)} ${each}`] : [])).join(', ')
}
