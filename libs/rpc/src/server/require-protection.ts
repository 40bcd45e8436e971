import { isIPv4, isIPv6 } from 'node:net'
import { ConfigError } from '@berth/configuration'

export interface Protection {
  readonly hasTls: boolean
  /** Whether every client must show a certificate of a configured CA. */
  readonly verifiesClients: boolean
  /** The operator states that only the services can reach the address. */
  readonly insecure: boolean
}

/**
 * Refuses an address that other machines can reach unless clients must show a certificate. Calls are not authorized one
 * by one: a client that connects may read, write and delete everything. TLS alone keeps no client out.
 *
 * @throws ConfigError
 */
export function requireProtection(host: string | undefined, { hasTls, verifiesClients, insecure }: Protection): void {
  if (verifiesClients || insecure || isLoopback(host)) return
  const where = host === undefined ? 'all addresses' : host
  const closed = 'or set rpc.insecure to true if only the services can reach that network'
  const problem = hasTls
    ? {
        path: 'rpc.tls.clientcas',
        message: `is required: other machines can reach ${where}, and TLS without client CAs lets every client in. Give the CAs of the services’ certificates, ${closed}`,
      }
    : {
        path: 'rpc.insecure',
        message: `other machines can reach ${where}: configure rpc.tls with rpc.tls.clientcas, the CAs of the services’ certificates, ${closed}`,
      }
  throw new ConfigError('rpc', [problem])
}

function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false
  if (host === 'localhost') return true
  if (isIPv4(host)) return host.startsWith('127.')
  return isIPv6(host) && /^(0*:)*:?0*1$|^::ffff:127\./i.test(host)
}
