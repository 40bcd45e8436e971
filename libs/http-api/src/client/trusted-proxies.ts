import { BlockList, isIPv4 } from 'node:net'
import type { Cidr } from '@berth/configuration'

/** Makes a function that says whether an address is in one of the networks. A peer on a Unix socket has no address. */
export function trustedPeers(networks: readonly Cidr[]): (address: string | undefined) => boolean {
  if (networks.length === 0) return () => false
  const list = new BlockList()
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family)
  // A socket that listens on both families shows IPv4 peers as `::ffff:10.0.0.1`; the list matches that form, too.
  return (address) => address !== undefined && address !== '' && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}
