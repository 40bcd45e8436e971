import { RegistryError } from '@berth/errors'
import { mediaTypes } from '@berth/manifest'
import type { Manifests, StoredManifest } from '@berth/manifests'
import type { Exchange, Handler } from '../exchange/exchange.ts'
import { predatesManifestLists } from './accept.ts'
import { namesDigest } from './none-match.ts'
import { respond } from '../exchange/respond.ts'
import { parseReference } from './parse-reference.ts'
import { findDefaultPlatform } from './platform-manifest.ts'

/**
 * GET and HEAD of a manifest: what is stored, whatever a client accepts, since any other form would have another
 * digest. A tag of a Docker manifest list stands for one of its manifests where a client is older than lists.
 *
 * @see OCI distribution-spec, "Pulling manifests"
 */
export function getManifest({ manifests }: { readonly manifests: Manifests }): Handler {
  return async (exchange) => {
    const { request, response, repository } = exchange
    const { tag, digest } = parseReference(exchange.parameter)
    let manifest = await manifests.get(repository, tag ?? digest)
    if (
      tag !== undefined &&
      manifest.mediaType === mediaTypes.manifestList &&
      predatesManifestLists(request.headers.accept)
    )
      manifest = await platformManifest(manifests, exchange, manifest)

    if (tag !== undefined) exchange.note({ digest: manifest.digest })
    const etag = `"${manifest.digest}"`
    const ifNoneMatch = request.headers['if-none-match']
    if (ifNoneMatch !== undefined && namesDigest(ifNoneMatch, manifest.digest)) {
      response.writeHead(304, ['Docker-Content-Digest', manifest.digest, 'ETag', etag]).end()
      return
    }
    const { content, mediaType } = manifest
    const headers = ['Content-Type', mediaType, 'Docker-Content-Digest', manifest.digest, 'ETag', etag]
    respond(exchange, 200, headers, content)
  }
}

async function platformManifest(
  manifests: Manifests,
  { repository, parameter }: Exchange,
  list: StoredManifest,
): Promise<StoredManifest> {
  const digest = findDefaultPlatform(list.content)
  if (digest === undefined) throw new RegistryError('MANIFEST_UNKNOWN', { name: repository, reference: parameter })
  return manifests.get(repository, digest)
}
