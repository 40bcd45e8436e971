import { RegistryError } from '@berth/errors'
import type { Manifests, Tags } from '@berth/manifests'
import type { Handler } from '../exchange/exchange.ts'
import { respond } from '../exchange/respond.ts'
import { parseReference } from './parse-reference.ts'

/** Removes a tag, or a manifest with all its tags. @see OCI distribution-spec, "Deleting Tags", "Deleting Manifests" */
export function deleteManifest(parts: {
  readonly manifests: Manifests
  readonly tags: Tags
  readonly deletesAllowed: boolean
}): Handler {
  const { manifests, tags, deletesAllowed } = parts
  return async (exchange) => {
    const { repository } = exchange
    const reference = parseReference(exchange.parameter)
    if (!deletesAllowed) throw new RegistryError('UNSUPPORTED', { reason: 'deletion is disabled' })
    if (reference.digest === undefined) await tags.delete(repository, reference.tag)
    else await manifests.delete(repository, reference.digest)
    respond(exchange, 202, [])
  }
}
