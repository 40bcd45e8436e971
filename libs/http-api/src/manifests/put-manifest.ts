import { RegistryError } from '@berth/errors'
import type { Manifests } from '@berth/manifests'
import { parseTag, type Tag } from '@berth/reference'
import type { Handler } from '../exchange/exchange.ts'
import { respond } from '../exchange/respond.ts'
import { ManifestBodies } from './manifest-bodies.ts'
import { manifestTypeOf } from './manifest-type.ts'
import { parseReference } from './parse-reference.ts'

const maxTags = 100

/**
 * Stores a manifest and moves tags to it: the one of the path, or with a digest there those of the query.
 *
 * @see OCI distribution-spec, "Pushing Manifests"
 */
export function putManifest(parts: { readonly manifests: Manifests; readonly manifestMaxSize: number }): Handler {
  const { manifests, manifestMaxSize: limit } = parts
  const bodies = new ManifestBodies()
  return async (exchange) => {
    const { request, repository, query, contentLength, signal } = exchange
    const { tag, digest } = parseReference(exchange.parameter)
    const tags = parseTags(query)
    if (contentLength !== undefined && contentLength > limit) throw new RegistryError('SIZE_INVALID', { limit })
    const pushed = await bodies.receive(exchange, limit, (content) => {
      exchange.note({ size: content.byteLength })
      const mediaType = manifestTypeOf(request.headers['content-type'], content)
      const named = { ...(digest !== undefined && { digest }), tags: tag === undefined ? tags : [tag, ...tags] }
      return manifests.put(repository, { ...named, mediaType, content }, signal)
    })

    exchange.note({ digest: pushed.digest })
    const location = exchange.url(`${repository}/manifests/${pushed.digest}`)
    const headers = ['Location', location, 'Docker-Content-Digest', pushed.digest]
    if (pushed.subject !== undefined) headers.push('OCI-Subject', pushed.subject)
    if (tags.length > 0) headers.push('OCI-Tag', pushed.tags.join(', '))
    for (const warning of pushed.warnings ?? []) headers.push('Warning', formatWarning(warning))
    respond(exchange, 201, headers)
  }
}

/** @see OCI distribution-spec, "Warnings" */
function formatWarning(text: string): string {
  return `299 - "${text.replaceAll(/["\\]/g, '\\$&')}"`
}

function parseTags(query: URLSearchParams): Tag[] {
  const tags = new Set(query.getAll('tag').map(parseTag))
  if (tags.size > maxTags)
    throw new RegistryError('TAG_INVALID', { tag: '', reason: `not more than ${maxTags} tags at once` })
  return [...tags]
}
