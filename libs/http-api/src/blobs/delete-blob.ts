import type { Blobs } from '@berth/blobs'
import { parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { Handler } from '../exchange.ts'

/** Removes a repository's link to a blob. @see OCI distribution-spec, "Deleting Blobs" */
export function deleteBlob(services: { readonly blobs: Blobs; readonly deletesAllowed: boolean }): Handler {
  return async ({ response, repository, parameter }) => {
    const digest = parseDigest(parameter)
    if (!services.deletesAllowed) throw new RegistryError('UNSUPPORTED', { reason: 'deletion is disabled' })
    await services.blobs.unlink(repository, digest)
    response.writeHead(202, ['Content-Length', '0']).end()
  }
}
