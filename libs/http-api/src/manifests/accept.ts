import { isSchema1MediaType, mediaTypes } from '@berth/manifest'
import type { FormerFormat } from '@berth/manifests'

const anything: ReadonlySet<string> = new Set(['*/*', 'application/*', 'application/json'])

/** Whether there is an older format that what a tag holds may be given in, if it is of this media type. */
export function hasFormerFormat(stored: string): boolean {
  return stored === mediaTypes.schema2 || stored === mediaTypes.manifestList
}

/**
 * The newest format that a client reads, where what is stored is newer: it names older formats of Docker's images, and
 * neither what is stored nor anything that stands for all types. `undefined`: it is to have what is stored. Quality
 * values do not count.
 *
 * @param stored the media type of what a tag holds
 */
export function formerFormat(stored: string, accept: string | undefined): FormerFormat | undefined {
  if (!hasFormerFormat(stored)) return undefined
  // Of almost every client: what follows is for the others.
  if (accept === undefined || accept.includes(stored)) return undefined
  let newest: FormerFormat | undefined
  for (const range of accept.split(',')) {
    const end = range.indexOf(';')
    const type = (end < 0 ? range : range.slice(0, end)).trim().toLowerCase()
    if (type === stored || anything.has(type)) return undefined
    if (type === mediaTypes.schema2) newest = 'schema2'
    else if (isSchema1MediaType(type)) newest ??= 'schema1'
  }
  return newest
}
