import type { Manifests } from '@berth/manifests'
import type { Handler } from '../exchange/exchange.ts'
import { formerFormat } from './accept.ts'
import { namesDigest } from './none-match.ts'
import { respond } from '../exchange/respond.ts'
import { parseReference } from './parse-reference.ts'

/**
 * GET and HEAD of a manifest: what is stored, whatever a client accepts, since any other form would have another
 * digest. Only clients that are older than what a tag holds, and say so, are given what they can read.
 *
 * @see OCI distribution-spec, "Pulling manifests"
 */
export function getManifest({ manifests }: { readonly manifests: Manifests }): Handler {
  return async (exchange) => {
    const { request, response, repository } = exchange
    const { tag, digest } = parseReference(exchange.parameter)
    let manifest = await manifests.get(repository, tag ?? digest)
    if (tag !== undefined) {
      const newest = formerFormat(manifest.mediaType, request.headers.accept)
      if (newest !== undefined) manifest = await manifests.get(repository, tag, newest)
    }
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
