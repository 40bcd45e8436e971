import { InvalidValue } from '../problems.ts'
import { parseRemoteAddress, parseTcpAddress } from '../values/listen-address.ts'
import { anything, list, section } from './node.ts'
import { warns } from './not-yet.ts'
import { duration, flag, text, value } from './values.ts'

const grpcAddresses = (about: string) =>
  list({ about }, value('host:port or dns:///name:port', { about: 'an address' }, grpcAddress))

/** The gRPC side of a split service. */
export const rpc = section(
  { own: true, about: 'gRPC between the services' },
  {
    listen: value('host:port', { about: 'listen address for gRPC; used by blob-upload and manifest' }, parseTcpAddress),
    tls: section(
      { about: 'TLS; used if a certificate is given; the service presents it as server and as client' },
      {
        certificate: text({ about: 'path of the certificate chain, PEM' }),
        keyFile: text({ key: 'key', about: 'path of its private key, PEM' }),
        clientCas: list(
          {
            about:
              'CAs of the services’ certificates; if given, every service must present one; required beyond loopback unless insecure',
          },
          text({ about: 'a path' }),
        ),
      },
    ),
    insecure: flag({
      default: false,
      about:
        'allow listening beyond loopback without rpc.tls.clientcas; only for networks that only the services can reach',
    }),
    maxConnectionAgeMs: duration({
      default: 5 * 60_000,
      minMs: 1000,
      about: 'maximum age of a connection; clients then reconnect and find new replicas',
    }),
  },
)

export const services = section(
  { own: true, about: 'addresses of the services' },
  {
    blobs: section(
      { about: 'blob nodes' },
      {
        addresses: grpcAddresses('addresses of the blob nodes for gRPC; used by manifest'),
        http: list(
          { about: 'addresses of the blob nodes for HTTP; used by api-gateway' },
          value('host:port', { about: 'an address' }, (written) => {
            parseRemoteAddress(written)
            return written
          }),
        ),
      },
    ),
    manifest: section(
      { about: 'manifest services' },
      { addresses: grpcAddresses('addresses of the manifest services for gRPC; used by api-gateway') },
    ),
  },
)

export const queue = section(
  { ...warns('the queue of events and jobs'), own: true },
  {
    sqlite: section(
      { about: 'the queue that is used without redis.queue' },
      { path: text({ about: 'path of the queue’s file' }) },
    ),
  },
)

export const gc = anything({ ...warns('garbage collection'), own: true })
export const events = anything({ ...warns('events'), own: true })

function grpcAddress(written: string): string {
  const [, address = ''] = /^(?:dns:\/\/\/)?(.*)$/.exec(written) ?? []
  try {
    parseRemoteAddress(address)
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    throw new InvalidValue('is neither host:port nor dns:///name:port', { cause: error })
  }
  return written
}
