export const dockerManifestList = 'application/vnd.docker.distribution.manifest.list.v2+json'

const dockerManifests = new Set([
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
])
const lists = new Set([dockerManifestList, '*/*', 'application/*', 'application/json'])

/**
 * Whether a client can do nothing with a Docker manifest list: it names Docker's image manifests, but neither the list
 * nor anything that stands for all types. Such clients are older than lists, and want the manifest of one platform.
 * Quality values do not count.
 */
export function predatesManifestLists(accept: string | undefined): boolean {
  if (accept === undefined) return false
  let namesManifest = false
  for (const range of accept.split(',')) {
    const end = range.indexOf(';')
    const type = (end < 0 ? range : range.slice(0, end)).trim().toLowerCase()
    if (lists.has(type)) return false
    namesManifest ||= dockerManifests.has(type)
  }
  return namesManifest
}
