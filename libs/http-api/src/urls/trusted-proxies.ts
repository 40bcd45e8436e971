import { BlockList, isIPv4 } from 'node:net'
import type { Cidr } from '@berth/process'

/** Tells whether a peer's address is in one of the networks. A peer on a Unix socket has none, and is in none. */
export function trustedPeers(networks: readonly Cidr[]): (address: string | undefined) => boolean {
  if (networks.length === 0) return () => false
  const list = new BlockList()
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family)
  // A socket that listens on both families shows IPv4 peers as `::ffff:10.0.0.1`: the list knows them as such, too.
  return (address) => address !== undefined && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}
