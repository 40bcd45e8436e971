/**
 * References: which manifest of which repository is meant. Begin with `repository-name.ts` and `tag.ts`, which the
 * server parses; `reference.ts` has the whole grammar, and `normalize.ts` the short names that people type.
 */
export {
  formatFamiliar,
  parseAnyReference,
  parseCanonicalReference,
  parseNormalizedReference,
  withDefaultTag,
} from './normalize.ts'
export { formatName, formatReference, parseReference, type NamedReference } from './reference.ts'
export { parseRepositoryName, type RepositoryName } from './repository-name.ts'
export { parseTag, type Tag } from './tag.ts'
