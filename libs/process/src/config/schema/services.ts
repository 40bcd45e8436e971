import { anything, list, section } from './node.ts'
import { warns } from './not-yet.ts'
import { flag, text } from './values.ts'

const addresses = (about: string) => list({ about }, text({ about: 'dns:///name:port or host:port' }))
const split = 'belongs to the split services and has no effect here'

/** What only the split services and the issues to come use. */
export const queue = section(warns('the queue of events and jobs'), {
  sqlite: section({ about: 'the queue where there is no redis.queue' }, { path: text({ about: 'its file' }) }),
})

export const rpc = section(warns('the gRPC side of a split service', split), {
  listen: text({ about: 'host:port' }),
  tls: section(
    { about: 'TLS' },
    {
      certificate: text({ about: 'path' }),
      keyFile: text({ key: 'key', about: 'path' }),
      clientCa: text({ about: 'path' }),
    },
  ),
  insecure: flag({ about: 'beyond loopback without TLS' }),
})

export const services = section(warns('where the services find each other', split), {
  blobs: section(
    { about: 'blob nodes' },
    { addresses: addresses('their gRPC side'), http: addresses('their HTTP side') },
  ),
  manifest: section({ about: 'manifest services' }, { addresses: addresses('their gRPC side') }),
})

export const gc = anything(warns('garbage collection'))
export const events = anything(warns('events'))
