import { RegistryError } from '@berth/errors'
import { formEncode } from './urls/form-encode.ts'

/**
 * Maximum size in bytes of the entries in one answer. Clients read no index that is larger than a manifest may be; the
 * rest is what the list has besides its entries.
 */
export const maxAnswerBytes = 4 * 1024 * 1024 - 1024

/**
 * The `n` of a listing; `undefined` where the client names none.
 *
 * @throws RegistryError PAGINATION_NUMBER_INVALID: not a whole number, zero or more
 */
export function parsePageSize(query: URLSearchParams): number | undefined {
  const n = query.get('n')
  if (n === null || n === '') return undefined
  if (!/^\d+$/.test(n)) throw new RegistryError('PAGINATION_NUMBER_INVALID', { n })
  return Number(n)
}

/** The `last` of a listing, as a page request has it: nothing where the client names none. */
export function lastOf(query: URLSearchParams): { readonly last?: string } {
  const last = query.get('last')
  return last === null || last === '' ? {} : { last }
}

/**
 * The header that leads to the next page. The reference is relative to the server, so that it is right behind any
 * proxy, and its query is form-encoded, in the order of its keys.
 *
 * @see OCI distribution-spec, "Listing Tags", and RFC 8288
 */
export function nextPageLink(path: string, query: Readonly<Record<string, string>>): string[] {
  return ['Link', `<${path}?${formEncode(query)}>; rel="next"`]
}
