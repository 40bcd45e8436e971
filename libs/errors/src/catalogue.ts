/**
 * One line per code: what the detail carries. The key is the code on the wire
 * (OCI distribution-spec, "Error codes", and the Docker Registry HTTP API V2 for those that OCI left out).
 */
export interface ErrorDetail {
  BLOB_UNKNOWN: { digest: string }
  BLOB_UPLOAD_INVALID: { upload: string; reason: string }
  BLOB_UPLOAD_UNKNOWN: { upload: string }
  DENIED: { reason: string }
  DIGEST_INVALID: { digest: string; reason: string }
  MANIFEST_BLOB_UNKNOWN: { digest: string }
  MANIFEST_INVALID: { reason: string; field?: string }
  MANIFEST_UNKNOWN: { name: string; reference: string }
  MANIFEST_UNVERIFIED: { reason: string }
  NAME_INVALID: { name: string; reason: string }
  NAME_UNKNOWN: { name: string }
  PAGINATION_NUMBER_INVALID: { n: string }
  /** `offset` is where the upload stands, or the size of the blob whose range was asked for, in bytes. */
  RANGE_INVALID: { range: string; offset: number }
  /** The body of a request arrived too slowly; `received` bytes had come. Not of the specifications. */
  REQUEST_TIMEOUT: { received: number }
  /** `limit`: more than so many bytes were sent (of content, or else of what is named); otherwise what was announced and came. */
  SIZE_INVALID: { limit: number; of?: 'head' | 'headers' | 'url' } | { announced: number; received: number }
  TAG_INVALID: { tag: string; reason: string }
  TOOMANYREQUESTS: { retryAfterMs: number }
  /** Everything that was asked for, with upstream's keys; `null` where that is nothing but to be known. */
  UNAUTHORIZED: readonly { Type: string; Class: string; Name: string; Action: string }[] | null
  UNAVAILABLE: { reason: string }
  UNKNOWN: undefined
  UNSUPPORTED: { reason: string }
}

export type ErrorCode = keyof ErrorDetail

/** What a person reads of an error with this detail. */
export function messageOf<C extends ErrorCode>(code: C, detail: ErrorDetail[C]): string {
  const isTooLarge = code === 'SIZE_INVALID' && typeof detail === 'object' && detail !== null && 'limit' in detail
  return isTooLarge ? tooLarge['of' in detail ? detail.of : 'content'] : messages[code]
}

const tooLarge = {
  content: 'content is larger than allowed',
  head: 'the head of the request is larger than allowed',
  headers: 'the request has more headers than allowed',
  url: 'the URL is longer than allowed',
}

/** What a person reads, with the code. */
export const messages: Readonly<Record<ErrorCode, string>> = {
  BLOB_UNKNOWN: 'blob unknown to registry',
  BLOB_UPLOAD_INVALID: 'blob upload invalid',
  BLOB_UPLOAD_UNKNOWN: 'blob upload unknown to registry',
  DENIED: 'requested access to the resource is denied',
  DIGEST_INVALID: 'provided digest did not match uploaded content',
  MANIFEST_BLOB_UNKNOWN: 'blob unknown to registry',
  MANIFEST_INVALID: 'manifest invalid',
  MANIFEST_UNKNOWN: 'manifest unknown',
  MANIFEST_UNVERIFIED: 'manifest failed signature verification',
  NAME_INVALID: 'invalid repository name',
  NAME_UNKNOWN: 'repository name not known to registry',
  PAGINATION_NUMBER_INVALID: 'invalid number of results requested',
  RANGE_INVALID: 'invalid content range',
  REQUEST_TIMEOUT: 'the request arrived too slowly',
  SIZE_INVALID: 'provided length did not match content length',
  TAG_INVALID: 'manifest tag did not match URI',
  TOOMANYREQUESTS: 'too many requests',
  UNAUTHORIZED: 'authentication required',
  UNAVAILABLE: 'service unavailable',
  UNKNOWN: 'unknown error',
  UNSUPPORTED: 'The operation is unsupported.',
}
