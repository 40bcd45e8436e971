import { isIPv4, isIPv6 } from 'node:net'
import { ConfigError } from '@berth/process'

/**
 * Whoever reaches a service may do all that it can: no call is checked for who made it. So other machines must show a
 * certificate, or the network between them is known to be closed.
 *
 * @throws ConfigError: other machines could reach it, without TLS and without `insecure`
 */
export function requireProtection(host: string | undefined, hasTls: boolean, insecure: boolean): void {
  if (hasTls || insecure || isLoopback(host)) return
  const where = host === undefined ? 'all addresses' : host
  const message =
    `${where} can be reached by other machines: configure rpc.tls with the CAs of the clients, ` +
    `or set rpc.insecure to true where the network is closed to all others`
  throw new ConfigError('rpc', [{ path: 'rpc.insecure', message }])
}

function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false
  if (host === 'localhost') return true
  if (isIPv4(host)) return host.startsWith('127.')
  return isIPv6(host) && /^(0*:)*:?0*1$|^::ffff:127\./i.test(host)
}
