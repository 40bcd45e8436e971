import type { IncomingHttpHeaders } from 'node:http'
import { parseNode } from './addresses.ts'
import { parseForwarded } from './forwarded.ts'

/** Maximum number of proxies that are looked at in one request. */
const maxProxies = 32

/**
 * The addresses that the proxies of a request name, the last proxy's first; `undefined` for each that is no address. They
 * are read from `X-Forwarded-For` where there is one, else from `Forwarded`, else from `X-Real-IP`: nearly all proxies
 * write the first, and pass on a `Forwarded` that the client invented.
 */
export function* namedByProxies(headers: IncomingHttpHeaders): Generator<string | undefined> {
  const { forwarded } = headers
  const forwardedFor = headers['x-forwarded-for']?.toString()
  if (forwardedFor !== undefined) {
    for (const element of elementsFromLast(forwardedFor)) yield parseNode(element)
  } else if (forwarded !== undefined) {
    for (const element of elementsFromLast(forwarded)) yield parseNode(parseForwarded(element)?.get('for') ?? '')
  } else {
    const real = headers['x-real-ip']?.toString()
    if (real !== undefined) yield parseNode(real)
  }
}

/**
 * The elements of a list, from its last to its first, without empty ones. A list is read from its end because only the
 * end was written by proxies: whatever a client wrote before it, an open quote included, changes nothing there.
 */
function* elementsFromLast(list: string): Generator<string> {
  let end = list.length
  let isQuoted = false
  for (let at = list.length - 1, seen = 0; seen < maxProxies && at >= -1; at--) {
    if (list[at] === '"' && list[at - 1] !== '\\') isQuoted = !isQuoted
    else if (at < 0 || (list[at] === ',' && !isQuoted)) {
      const element = list.slice(at + 1, end)
      end = at
      if (element.trim() === '') continue
      seen++
      yield element
    }
  }
}
