import { isIP, SocketAddress } from 'node:net'

const ipv4AsIpv6 = '::ffff:'

/**
 * The address of a socket's peer, in its usual form. A socket that listens on both families shows IPv4 peers as
 * `::ffff:192.0.2.1`; an address on a local link has its interface after `%`.
 */
export function peerAddress(remoteAddress: string | undefined): string {
  if (remoteAddress === undefined) return ''
  if (remoteAddress.startsWith(ipv4AsIpv6) && remoteAddress.includes('.')) return remoteAddress.slice(ipv4AsIpv6.length)
  const zone = remoteAddress.indexOf('%')
  return zone < 0 ? remoteAddress : remoteAddress.slice(0, zone)
}

/**
 * Reads the address that a proxy names: IPv4 or IPv6, with or without brackets, quotes and a port. An IPv6 address is
 * returned in its canonical form, so that it has one spelling in limits and logs.
 *
 * @returns `undefined`: no address, such as RFC 7239's `unknown` and `_hidden`
 * @see RFC 7239, section 6
 */
export function parseNode(text: string): string | undefined {
  const unquoted = text.trim().replace(/^"(.*)"$/, '$1')
  const bracketed = /^\[([^\]]*)\](?::[\w.-]*)?$/.exec(unquoted)?.[1]
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? canonicalIpv6(bracketed) : undefined
  const address = isIP(unquoted) === 0 ? unquoted.replace(/:[\w.-]*$/, '') : unquoted
  switch (isIP(address)) {
    case 4:
      return address
    case 6:
      return canonicalIpv6(address)
    default:
      return undefined
  }
}

function canonicalIpv6(address: string): string {
  return peerAddress(new SocketAddress({ address, family: 'ipv6' }).address)
}
