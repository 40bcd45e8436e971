import type { BlobUploads } from '@berth/uploads'
import type { Handler } from '../exchange/exchange.ts'
import { respond } from '../exchange/respond.ts'
import { chunkOf } from './chunk-of.ts'
import { orTellWhereItStands, uploadHeaders, uploadOf } from './upload-request.ts'

/** Appends a chunk to an upload. @see OCI distribution-spec, "Pushing a blob in chunks" */
export function patchUpload({ uploads }: { readonly uploads: BlobUploads }): Handler {
  return async (exchange) => {
    const upload = await orTellWhereItStands(exchange, uploads, async () =>
      uploads.append(uploadOf(exchange), await chunkOf(exchange, uploads), exchange.signal),
    )
    respond(exchange, 202, uploadHeaders(exchange, upload))
  }
}
