/**
 * The faults that a client is told about: one catalogue of codes, each with what its detail carries.
 * Begin with `catalogue.ts`; the edges (`http-api`, `rpc`) give each code its status. What only the operator is told
 * about goes to a `Logger`, or is a `StartError`.
 */
export { messages, type ErrorCode, type ErrorDetail } from './catalogue.ts'
export { RegistryError, registryErrors } from './registry-error.ts'
export { StartError } from './start-error.ts'
export { unlessInvalid } from './unless-invalid.ts'
export type { Logger } from './logger.ts'
