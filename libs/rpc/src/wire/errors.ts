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

/** What the service threw; of what it told nothing about, UNKNOWN. */
export function errorOf(failure: ServiceError): Error {
  return faultsOf(failure.metadata, failure) ?? new RegistryError('UNKNOWN', undefined, { cause: failure })
}

/** Why the service gave no answer of its own, for people to read; `undefined` where it gave one. */
export function outageOf(failure: ServiceError): string | undefined {
  if (faultsOf(failure.metadata) !== undefined) return undefined
  // CANCELLED: not by us, or we would not ask. INTERNAL: the connection broke in a way that has no status of its own;
  // our server never says it.
  if ([status.UNAVAILABLE, status.CANCELLED, status.INTERNAL].includes(failure.code)) return 'a service is unreachable'
  return failure.code === status.DEADLINE_EXCEEDED ? 'a service did not answer in time' : undefined
}
