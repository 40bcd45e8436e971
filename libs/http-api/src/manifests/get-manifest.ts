import type { Manifests } from '@berth/manifests'
import type { RegistryServices } from '../services.ts'
import type { Exchange, Handler } from '../exchange/exchange.ts'
import { formerFormat, hasFormerFormat } from './accept.ts'
import { namesDigest } from './none-match.ts'
import { respond } from '../exchange/respond.ts'
import { parseReference } from './parse-reference.ts'

interface ManifestReading {
  readonly manifests: Manifests
  readonly pulls?: RegistryServices['pulls']
}

/**
 * GET and HEAD of a manifest: what is stored, whatever a client accepts, since any other form would have another
 * digest. Only clients that are older than what a tag holds, and say so, are given what they can read.
 *
 * @see OCI distribution-spec, "Pulling manifests"
 */
export function getManifest({ manifests, pulls }: ManifestReading): Handler {
  return async (exchange) => {
    const missing = await answerIfRoom({ manifests, pulls }, exchange)
    if (missing === undefined) return
    // The manifest is not held while its answer waits for room; it is found again afterwards.
    await exchange.holdAnswer(missing)
    await answerIfRoom({ manifests, pulls }, exchange)
  }
}

/** @returns the size of the answer in bytes if there was no room for it; `undefined` if it is sent */
async function answerIfRoom({ manifests, pulls }: ManifestReading, exchange: Exchange): Promise<number | undefined> {
  const { request, response, repository } = exchange
  const { tag, digest } = parseReference(exchange.parameter)
  let manifest = await manifests.get(repository, tag ?? digest)
  const hasForms = tag !== undefined && hasFormerFormat(manifest.mediaType)
  if (hasForms) {
    const newest = formerFormat(manifest.mediaType, request.headers.accept)
    if (newest !== undefined) manifest = await manifests.get(repository, tag, newest)
  }
  const { content, mediaType, digest: found } = manifest
  if (tag !== undefined) exchange.note({ digest: found })
  const headers = ['Docker-Content-Digest', found, 'ETag', `"${found}"`]
  // Caches must not give one client what another accepts: RFC 9110, section 12.5.5.
  if (hasForms) headers.push('Vary', 'Accept')
  const ifNoneMatch = request.headers['if-none-match']
  if (ifNoneMatch !== undefined && namesDigest(ifNoneMatch, found)) {
    response.writeHead(304, headers).end()
    return undefined
  }
  if (request.method !== 'HEAD' && !exchange.tryHoldAnswer(content)) return content.byteLength
  pulls?.manifest(repository, manifest, tag)
  headers.push('Content-Type', mediaType)
  respond(exchange, 200, headers, content)
  return undefined
}
