import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * Tells whether a peer's address is in one of the networks.
 *
 * @param networks addresses, or networks as `address/bits`
 * @throws RangeError: one of them is neither
 */
export function trustedPeers(networks: readonly string[]): (address: string | undefined) => boolean {
  if (networks.length === 0) return () => false
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    if (!isIPv4(address) && !isIPv6(address)) throw new RangeError(`not a network: ${network}`)
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    const longest = family === 'ipv4' ? 32 : 128
    if (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= longest))
      throw new RangeError(`not a network: ${network}`)
    list.addSubnet(address, Number(bits ?? longest), family)
  }
  return (address) => {
    if (address === undefined) return false
    const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
    return list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
  }
}
