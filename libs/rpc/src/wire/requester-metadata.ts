import type { Metadata } from '@grpc/grpc-js'
import type { Identity } from '@berth/access'

/** Binary, since names are of any characters. */
const key = 'berth-requester-bin'
const maxBytes = 1024

/** Says for whom a call is made: for the logs and events of the service alone, which grants nothing on the strength of it. */
export function withRequester(metadata: Metadata, { name }: Identity): Metadata {
  // A copy: the calls of a client share what they have in common.
  const copy = metadata.clone()
  copy.set(key, Buffer.from(name).subarray(0, maxBytes))
  return copy
}

export function requesterOf(metadata: Metadata): Identity | undefined {
  const [name] = metadata.get(key)
  return Buffer.isBuffer(name) ? { name: name.subarray(0, maxBytes).toString('utf8') } : undefined
}
