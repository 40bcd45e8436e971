/**
 * The grammar's parts, as patterns to build others from. None can take more than linear time: what separates two
 * repetitions is never part of what is repeated.
 *
 * @see distribution/reference, whose language this is
 */
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const label = '[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*'
const address = '\\[[a-fA-F0-9:]+\\]'

/** Where a repository is within its registry. */
export const pathPattern = `${component}(?:/${component})*`
export const hostPattern = `${label}(?:\\.${label})*`
/** The registry: a host or an IPv6 address, and perhaps a port. */
export const domainPattern = `(?:${hostPattern}|${address})(?::[0-9]+)?`
export const tagPattern = '\\w[\\w.-]{0,127}'
/** What may follow an `@`. Looser than a digest is, so that a wrong one is told apart from no reference at all. */
export const digestPattern = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'

/** Characters that a name may have, its domain included. */
export const maxNameLength = 255
