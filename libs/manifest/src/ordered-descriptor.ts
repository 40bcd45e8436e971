import type { Descriptor } from '@berth/descriptor'
import { isOciMediaType } from './media-types.ts'

const ociOrder = ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'platform', 'artifactType']
const dockerOrder = ['mediaType', 'size', 'digest', 'urls', 'annotations', 'platform']

/** A descriptor with its members in the order in which a document of this type has them, and those that are empty left out. */
export function orderedDescriptor(descriptor: Descriptor, documentType: string): object {
  const order = isOciMediaType(documentType) ? ociOrder : dockerOrder
  const others = Object.keys(descriptor).filter((name) => !order.includes(name))
  const members = [...order, ...others].map((name) => [name, descriptor[name]] as const)
  return Object.fromEntries(members.filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
