import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'

/** Addresses by which a webhook could reach what only this machine should reach. */
const refused = new BlockList()
refused.addSubnet('0.0.0.0', 8, 'ipv4')
refused.addSubnet('127.0.0.0', 8, 'ipv4')
refused.addSubnet('169.254.0.0', 16, 'ipv4')
// The metadata services of Alibaba Cloud, and of Oracle Cloud's older images.
refused.addAddress('100.100.100.200', 'ipv4')
refused.addAddress('192.0.0.192', 'ipv4')
refused.addAddress('::', 'ipv6')
refused.addAddress('::1', 'ipv6')
refused.addSubnet('fe80::', 10, 'ipv6')
// The metadata service of AWS.
refused.addAddress('fd00:ec2::254', 'ipv6')

/** Whether a webhook may have an address: not loopback, not link-local, and not that of a cloud's metadata service. */
export function isAllowedAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && !refused.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** An endpoint has an address that webhooks may not have. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError'

  constructor(host: string, address: string) {
    super(`${host} has the address ${address}, which is refused unless allowprivate is set`)
  }
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void

/**
 * Looks a name up like `dns.lookup`, and refuses addresses that webhooks may not have. The connection uses the address
 * that was checked, so a name whose address changes between check and use gains nothing.
 */
export function lookupAllowed(host: string, options: LookupOptions, callBack: LookupCallback): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callBack(error, [])
    const wrong = addresses.find(({ address }) => !isAllowedAddress(address))
    if (wrong !== undefined) return callBack(new RefusedAddressError(host, wrong.address), [])
    const [first] = addresses
    if (options.all === true || first === undefined) callBack(null, addresses)
    else callBack(null, first.address, first.family)
  })
}
