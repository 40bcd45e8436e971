import type { ErrorCode, RegistryError } from '@berth/errors'

const httpStatus = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 404,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  MANIFEST_UNVERIFIED: 400,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  REQUEST_TIMEOUT: 408,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} satisfies Record<ErrorCode, number>

const tooLargeStatus = { content: 413, url: 414, head: 431, headers: 431 }

/** Seconds after which a client may try again what is unavailable now. */
const retryAfter = 5

/** Maximum length of a text in a detail, in characters. Details repeat what clients sent, which may be as long as a head. */
const maxText = 1024

/** What is answered instead of what was asked for. */
export interface Refusal {
  readonly status: number
  readonly headers: string[]
  readonly body: string
}

/**
 * The error envelope: all faults in their order, with the status of the first.
 *
 * @see OCI distribution-spec, "Error Codes"
 */
export function renderFaults(faults: readonly [RegistryError, ...RegistryError[]]): Refusal {
  const [first] = faults
  const errors = faults.map(({ code, message, detail }) => ({ code, message, detail }))
  const headers = ['Content-Type', 'application/json', ...retryHeaders(first)]
  return { status: statusOf(first), headers, body: `${JSON.stringify({ errors }, shortened)}\n` }
}

function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > maxText ? `${value.slice(0, maxText)}…` : value
}

/** What is not the API's to say, as upstream says it. */
export function renderText(status: number, text: string, headers: readonly string[] = []): Refusal {
  return { status, headers: ['Content-Type', 'text/plain; charset=utf-8', ...headers], body: `${text}\n` }
}

function statusOf(fault: RegistryError): number {
  return isOf('SIZE_INVALID', fault) && 'limit' in fault.detail
    ? tooLargeStatus[fault.detail.of ?? 'content']
    : httpStatus[fault.code]
}

function retryHeaders(fault: RegistryError): string[] {
  if (isOf('UNAVAILABLE', fault)) return ['Retry-After', String(retryAfter)]
  if (isOf('TOOMANYREQUESTS', fault)) return ['Retry-After', String(Math.ceil(fault.detail.retryAfterMs / 1000))]
  return []
}

function isOf<C extends ErrorCode>(code: C, fault: RegistryError): fault is RegistryError<C> {
  return fault.code === code
}
