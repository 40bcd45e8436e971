import { mediaTypes } from '@berth/manifest'

const images: ReadonlySet<string> = new Set([mediaTypes.schema2, mediaTypes.schema1, mediaTypes.schema1Signed])
const lists: ReadonlySet<string> = new Set([mediaTypes.manifestList, '*/*', 'application/*', 'application/json'])

/**
 * Whether a client can do nothing with a Docker manifest list: it names Docker's image manifests, but neither the list
 * nor anything that stands for all types. Such clients are older than lists, and want the manifest of one platform.
 * Quality values do not count.
 */
export function predatesManifestLists(accept: string | undefined): boolean {
  if (accept === undefined) return false
  let namesImages = false
  for (const range of accept.split(',')) {
    const end = range.indexOf(';')
    const type = (end < 0 ? range : range.slice(0, end)).trim().toLowerCase()
    if (lists.has(type)) return false
    namesImages ||= images.has(type)
  }
  return namesImages
}
