import { RegistryError } from '@berth/errors'
import { hostPattern, maxNameLength, pathPattern } from './grammar.ts'

/** The name of a repository, as it stands between `/v2/` and the rest of a path: one to 255 characters, valid. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' }

// Distribution parses the first of several components as a domain, and so lets it have upper case: trees have such
// names. It lets it have a port, too, but no driver can store a colon.
const form = new RegExp(`^(?:${hostPattern}/)?${pathPattern}$`)

/**
 * @throws RegistryError NAME_INVALID
 * @see OCI distribution-spec, "Pulling manifests", for the grammar
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (text.length > maxNameLength) throw invalid(text, `must not be more than ${maxNameLength} characters`)
  if (!form.test(text))
    throw invalid(text, form.test(text.toLowerCase()) ? 'must be lowercase' : 'invalid repository name format')
  return text as RepositoryName
}

function invalid(name: string, reason: string): RegistryError {
  return new RegistryError('NAME_INVALID', { name, reason })
}
