import { RegistryError } from '@berth/errors'

/** The name of a repository, as it stands between `/v2/` and the rest of a path: one to 255 characters, valid. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' }

const maxLength = 255
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
// Distribution parses the first of several components as a domain, and so lets it have upper case: trees have such
// names. It lets it have a port, too, but no driver can store a colon.
const domain =
  '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*'
const name = new RegExp(`^(?:${domain}/)?${component}(?:/${component})*$`)

/**
 * @throws RegistryError NAME_INVALID
 * @see OCI distribution-spec, "Pulling manifests", for the grammar
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (text.length > maxLength)
    throw new RegistryError('NAME_INVALID', { name: text, reason: `must not be more than ${maxLength} characters` })
  if (!name.test(text))
    throw new RegistryError('NAME_INVALID', {
      name: text,
      reason: name.test(text.toLowerCase()) ? 'must be lowercase' : 'invalid repository name format',
    })
  return text as RepositoryName
}
