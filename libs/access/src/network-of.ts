/**
 * The key by which clients are limited: an IPv4 address, or the /64 network of an IPv6 address, since one client has all
 * addresses of its network. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) has the key of the IPv4 address.
 */
export function networkOf(address: string): string {
  const colon = address.lastIndexOf(':')
  if (colon < 0) return address
  if (address.includes('.')) return address.slice(colon + 1)
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ? tail.split(':') : [])]
  return `${all.slice(0, 4).join(':')}::/64`
}
