import type { Blobs } from '@berth/blobs'
import { parseDigest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { Handler } from '../exchange/exchange.ts'
import { respond } from '../exchange/respond.ts'

/** Removes a repository's link to a blob. @see OCI distribution-spec, "Deleting Blobs" */
export function deleteBlob(services: { readonly blobs: Blobs; readonly deletesAllowed: boolean }): Handler {
  return async (exchange) => {
    const digest = parseDigest(exchange.parameter)
    if (!services.deletesAllowed) throw new RegistryError('UNSUPPORTED', { reason: 'deletion is disabled' })
    await services.blobs.unlink(exchange.repository, digest)
    respond(exchange, 202, [])
  }
}
