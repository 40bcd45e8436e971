import { type Descriptor, parseDescriptor } from '@berth/descriptor'
import type { Descriptor as DescriptorMessage } from '../gen/registry/v1/descriptor.ts'

const none = new Uint8Array()

/** A descriptor as it is sent: the three fields that all have, and the others as JSON, so that none is lost. */
export function toDescriptorMessage(descriptor: Descriptor): DescriptorMessage {
  const { mediaType, digest, size, ...others } = descriptor
  const otherFields = isEmpty(others) ? none : Buffer.from(JSON.stringify(others))
  return { mediaType, digest, size: BigInt(size), otherFields }
}

/** The descriptor that was sent. @throws Error: what was sent is none */
export function fromDescriptorMessage(message: DescriptorMessage | undefined): Descriptor {
  if (message === undefined) throw new Error('an answer lacks its descriptor')
  const { mediaType, digest, size, otherFields } = message
  const others = otherFields.byteLength === 0 ? {} : (JSON.parse(Buffer.from(otherFields).toString()) as object)
  return parseDescriptor({ mediaType, digest, size: Number(size), ...others }, 'descriptor')
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false
  return true
}
