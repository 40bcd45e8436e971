/** Descriptors: what a manifest says of each thing it names. `parseDescriptor` checks one and keeps all of it. */
export { type Descriptor, parseDescriptor, type Platform } from './descriptor.ts'
