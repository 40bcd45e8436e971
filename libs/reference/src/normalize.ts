import { type Digest, parseDigest } from '@berth/digest'
import { unlessInvalid } from '@berth/errors'
import {
  formatName,
  formatReference,
  formatVersion,
  invalidReference,
  parseReference,
  type NamedReference,
} from './reference.ts'
import type { Tag } from './tag.ts'

const defaultDomain = 'docker.io'
const defaultNamespace = 'library/'
const identifier = /^[a-f0-9]{64}$/

/**
 * Reads a reference as people type it: a name without a domain is one of docker.io's, and a single word there one of
 * its library's.
 *
 * @throws RegistryError NAME_INVALID, DIGEST_INVALID: as `parseReference`; also where it is 64 hexadecimal digits, which
 *   are the identifier of an image
 */
export function parseNormalizedReference(text: string): NamedReference {
  if (identifier.test(text))
    throw invalidReference(text, `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  const { domain, rest } = splitDomain(text)
  const [path = ''] = rest.split(/[:@]/, 1)
  if (path !== path.toLowerCase())
    throw invalidReference(text, `invalid reference format: repository name (${path}) must be lowercase`)
  return parseReference(`${domain}/${rest}`)
}

/**
 * Reads a reference that must be in its normal form already.
 *
 * @throws RegistryError NAME_INVALID, DIGEST_INVALID
 */
export function parseCanonicalReference(text: string): NamedReference {
  const reference = parseNormalizedReference(text)
  if (formatReference(reference) !== text) throw invalidReference(text, 'repository name must be canonical')
  return reference
}

/**
 * Reads what may also be a digest, or the identifier of an image, which is a sha256 without its algorithm.
 *
 * @throws RegistryError NAME_INVALID, DIGEST_INVALID
 */
export function parseAnyReference(text: string): NamedReference | { readonly digest: Digest } {
  const digest = unlessInvalid(parseDigest, identifier.test(text) ? `sha256:${text}` : text)
  return digest === undefined ? parseNormalizedReference(text) : { digest }
}

/** A normal reference as short as people may type it: what `parseNormalizedReference` adds is left out. */
export function formatFamiliar(reference: NamedReference): string {
  const short = shortName(reference)
  const name = formatName(reference)
  return (readsAs(short, name) ? short : name) + formatVersion(reference)
}

/** The same reference; with the tag `latest` if it has neither tag nor digest. */
export function withDefaultTag(reference: NamedReference): NamedReference {
  const isNameOnly = reference.tag === undefined && reference.digest === undefined
  return isNameOnly ? { ...reference, tag: 'latest' as Tag } : reference
}

function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf('/')
  const first = text.slice(0, Math.max(slash, 0))
  const isDomain = /[.:A-Z]/.test(first) || first === 'localhost'
  const domain = isDomain && first !== `index.${defaultDomain}` ? first : defaultDomain
  const rest = isDomain ? text.slice(slash + 1) : text
  return { domain, rest: domain === defaultDomain && !rest.includes('/') ? defaultNamespace + rest : rest }
}

function shortName({ domain, path }: NamedReference): string {
  if (domain !== defaultDomain) return domain === undefined ? path : `${domain}/${path}`
  const inLibrary = path.startsWith(defaultNamespace) ? path.slice(defaultNamespace.length) : path
  return inLibrary.includes('/') ? path : inLibrary
}

// A path of docker.io that begins like a domain, or is an identifier, is only itself in full.
function readsAs(short: string, name: string): boolean {
  if (identifier.test(short)) return false
  const { domain, rest } = splitDomain(short)
  return `${domain}/${rest}` === name
}
