import { type ServiceError, status } from '@grpc/grpc-js'
import { type ErrorCode, RegistryError, registryErrors } from '@berth/errors'
import { faultsOf, metadataOf } from './faults.ts'

const grpcStatus = {
  BLOB_UNKNOWN: status.NOT_FOUND,
  BLOB_UPLOAD_INVALID: status.INVALID_ARGUMENT,
  BLOB_UPLOAD_UNKNOWN: status.NOT_FOUND,
  DENIED: status.PERMISSION_DENIED,
  DIGEST_INVALID: status.INVALID_ARGUMENT,
  MANIFEST_BLOB_UNKNOWN: status.FAILED_PRECONDITION,
  MANIFEST_INVALID: status.INVALID_ARGUMENT,
  MANIFEST_UNKNOWN: status.NOT_FOUND,
  MANIFEST_UNVERIFIED: status.INVALID_ARGUMENT,
  NAME_INVALID: status.INVALID_ARGUMENT,
  NAME_UNKNOWN: status.NOT_FOUND,
  PAGINATION_NUMBER_INVALID: status.INVALID_ARGUMENT,
  RANGE_INVALID: status.OUT_OF_RANGE,
  REQUEST_TIMEOUT: status.DEADLINE_EXCEEDED,
  SIZE_INVALID: status.INVALID_ARGUMENT,
  TAG_INVALID: status.INVALID_ARGUMENT,
  TOOMANYREQUESTS: status.RESOURCE_EXHAUSTED,
  UNAUTHORIZED: status.UNAUTHENTICATED,
  UNAVAILABLE: status.UNAVAILABLE,
  UNKNOWN: status.UNKNOWN,
  UNSUPPORTED: status.UNIMPLEMENTED,
} satisfies Record<ErrorCode, status>

/** What a call is answered with instead of a message. */
export type Refusal = Pick<ServiceError, 'code' | 'details'> & Partial<Pick<ServiceError, 'metadata'>>

/** The faults of `error` with the status of the first; `undefined` where it is a bug or an outage. */
export function refusalOf(error: unknown): Refusal | undefined {
  const [first] = registryErrors(error)
  if (first === undefined) return undefined
  return { code: grpcStatus[first.code], details: first.message, metadata: metadataOf(error) }
}

/** What a caller is told of bugs and outages. */
export const unknownRefusal: Refusal = { code: status.UNKNOWN, details: 'unknown error' }

/** What the service threw; `undefined` where it gave no answer of its own. */
export function thrownBy(failure: ServiceError): Error | undefined {
  const faults = faultsOf(failure.metadata, failure)
  if (faults !== undefined) return faults
  if (reasonOf(failure) !== undefined) return undefined
  // It said no more, and logged the rest. Anything else is a bug between the two, which whoever asked must log.
  return failure.code === status.UNKNOWN ? new RegistryError('UNKNOWN', undefined, { cause: failure }) : failure
}

/** What callers are told when a service gave no answer of its own. */
export function unavailable(failure: ServiceError): RegistryError {
  return new RegistryError('UNAVAILABLE', { reason: reasonOf(failure) ?? 'a service failed' }, { cause: failure })
}

function reasonOf({ code }: ServiceError): string | undefined {
  // CANCELLED: not by us, or we would not ask. INTERNAL: the connection broke in a way that has no status of its own;
  // our server never says it.
  if ([status.UNAVAILABLE, status.CANCELLED, status.INTERNAL].includes(code)) return 'a service is unreachable'
  return code === status.DEADLINE_EXCEEDED ? 'a service did not answer in time' : undefined
}
