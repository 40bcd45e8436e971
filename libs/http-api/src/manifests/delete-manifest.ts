import { RegistryError } from '@berth/errors'
import type { Manifests, Tags } from '@berth/manifests'
import type { Handler } from '../exchange/exchange.ts'
import { parseReference } from './parse-reference.ts'

/** Removes a tag, or a manifest with all its tags. @see OCI distribution-spec, "Deleting Tags", "Deleting Manifests" */
export function deleteManifest(parts: {
  readonly manifests: Manifests
  readonly tags: Tags
  readonly deletesAllowed: boolean
}): Handler {
  const { manifests, tags, deletesAllowed } = parts
  return async ({ response, repository, parameter }) => {
    const reference = parseReference(parameter)
    if (!deletesAllowed) throw new RegistryError('UNSUPPORTED', { reason: 'deletion is disabled' })
    if (reference.digest === undefined) await tags.delete(repository, reference.tag)
    else await manifests.delete(repository, reference.digest)
    response.writeHead(202, ['Content-Length', '0']).end()
  }
}
