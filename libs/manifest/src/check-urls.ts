import { RegistryError } from '@berth/errors'
import { maxFaults } from './faults.ts'
import type { Reference } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

/** A pattern that is found in a URL or not. It is given what clients send: a search must take linear time. */
export interface UrlPattern {
  test(url: string): boolean
}

/** Each URL of a reference must match one of `allow` (any where that is empty) and none of `deny`. */
export interface UrlPolicy {
  readonly allow: readonly UrlPattern[]
  readonly deny: readonly UrlPattern[]
}

/** Maximum number of URLs of one reference, and of characters in each. Real ones have one URL, or two. */
const maxUrls = 10_000
const maxUrlLength = 8192

/**
 * The faults in the URLs of a reference. The URLs of every reference are checked, since some clients fetch content from
 * its URLs first, whatever its type.
 *
 * @returns a MANIFEST_INVALID for each of the first hundred invalid URLs
 */
export function checkUrls(reference: Reference, policy: UrlPolicy): readonly RegistryError[] {
  const { descriptor, field } = reference
  const urls = descriptor.urls ?? []
  if (urls.length === 0 && descriptor.mediaType === mediaTypes.dockerForeignLayer)
    return [new RegistryError('MANIFEST_INVALID', { reason: 'missing URL on layer', field: `${field}.urls` })]
  if (urls.length > maxUrls)
    return [new RegistryError('MANIFEST_INVALID', { reason: `has more than ${maxUrls} URLs`, field: `${field}.urls` })]
  const faults: RegistryError[] = []
  for (const [index, url] of urls.entries()) {
    if (faults.length >= maxFaults) break
    const fault = faultOf(url, policy)
    if (fault === undefined) continue
    const reason = `invalid URL on layer: ${JSON.stringify(url.slice(0, maxUrlLength))} ${fault}`
    faults.push(new RegistryError('MANIFEST_INVALID', { reason, field: `${field}.urls[${index}]` }))
  }
  return faults
}

function faultOf(url: string, { allow, deny }: UrlPolicy): string | undefined {
  if (url.length > maxUrlLength) return `is longer than ${maxUrlLength} characters`
  // The parser forgives white space and missing slashes, which other parsers take for something else.
  const parsed = /\s/.test(url) ? null : URL.parse(url)
  if (parsed === null) return 'is not a URL'
  if (!/^https?:\/\//i.test(url)) return 'must begin with http:// or https://'
  if (parsed.hash !== '') return 'must not have a fragment'
  if (deny.some((pattern) => pattern.test(url))) return 'is denied by validation.manifests.urls.deny'
  if (allow.length > 0 && !allow.some((pattern) => pattern.test(url)))
    return 'is not allowed by validation.manifests.urls.allow'
  return undefined
}
