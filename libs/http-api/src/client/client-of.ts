import type { IncomingHttpHeaders } from 'node:http'
import { peerAddress } from './addresses.ts'
import { namedByProxies } from './proxy-chain.ts'

/** Where a request came from, and by which proxies. */
export interface Origin {
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/**
 * The address of a request's client: the last address on the way that is not a trusted proxy, or the first where all
 * are. Where a trusted proxy names no address, as with `for=_hidden`, the client is that proxy, since whatever stands
 * before may be invented. An IPv4 address has its usual form, also on a socket for both families.
 *
 * Limits, logs, traces and redirect exceptions all use this address.
 *
 * @returns `''` for a client on a Unix socket
 */
export function clientOf({ headers, socket }: Origin, isTrusted: (address: string) => boolean): string {
  let client = peerAddress(socket.remoteAddress)
  if (!isTrusted(client)) return client
  for (const address of namedByProxies(headers)) {
    if (address === undefined) return client
    client = address
    if (!isTrusted(client)) return client
  }
  return client
}
