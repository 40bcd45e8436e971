/** What one client has of addresses: one of IPv4, and of IPv6 all of a network's. */
export function networkOf(source: string): string {
  const isIPv6 = source.includes(':') && !source.includes('.')
  if (!isIPv6) return source
  const [head = '', tail] = source.split('%', 1)[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ? tail.split(':') : [])]
  return `${all.slice(0, 4).join(':')}::/64`
}
