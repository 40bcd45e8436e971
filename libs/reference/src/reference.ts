import { type Digest, parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { digestPattern, domainPattern, maxNameLength, pathPattern, tagPattern } from './grammar.ts'
import type { RepositoryName } from './repository-name.ts'
import type { Tag } from './tag.ts'

/** `domain/path:tag@digest`, where all but the path may be missing. */
export interface NamedReference {
  /** The registry, with its port. */
  readonly domain?: string
  readonly path: RepositoryName
  readonly tag?: Tag
  readonly digest?: Digest
}

const form = new RegExp(
  `^((?:(?<domain>${domainPattern})/)?(?<path>${pathPattern}))(?::(?<tag>${tagPattern}))?(?:@(?<digest>${digestPattern}))?$`,
)
// Twice what the longest valid one has.
const maxLength = 1024

/**
 * Reads a reference as it is written: the first of several components is the domain wherever it can be one, and
 * nothing is added. For what people type there is `parseNormalizedReference`.
 *
 * @throws RegistryError NAME_INVALID: it does not follow the grammar
 * @throws RegistryError DIGEST_INVALID: it does, but for its digest
 */
export function parseReference(text: string): NamedReference {
  const match = matchForm(text)
  if (match === null) throw invalidReference(text, reasonFor(text))
  const [, name = ''] = match
  if (name.length > maxNameLength)
    throw invalidReference(text, `repository name must not be more than ${maxNameLength} characters`)
  const { domain, path = '', tag, digest } = match.groups ?? {}
  return {
    ...(domain !== undefined && { domain }),
    path: path as RepositoryName,
    ...(tag !== undefined && { tag: tag as Tag }),
    ...(digest !== undefined && { digest: parseDigest(digest) }),
  }
}

/** The name of the repository, its domain included. */
export function formatName({ domain, path }: NamedReference): string {
  return domain === undefined ? path : `${domain}/${path}`
}

/** `domain/path:tag@digest`. */
export function formatReference(reference: NamedReference): string {
  return formatName(reference) + formatVersion(reference)
}

/** What of a reference follows its name. */
export function formatVersion({ tag, digest }: NamedReference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
}

export function invalidReference(text: string, reason: string): RegistryError {
  return new RegistryError('NAME_INVALID', { name: text, reason })
}

function matchForm(text: string): RegExpExecArray | null {
  return text.length > maxLength ? null : form.exec(text)
}

function reasonFor(text: string): string {
  if (text === '') return 'repository name must have at least one component'
  return matchForm(text.toLowerCase()) === null ? 'invalid reference format' : 'repository name must be lowercase'
}
