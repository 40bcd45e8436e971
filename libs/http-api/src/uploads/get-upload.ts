import type { BlobUploads } from '@berth/uploads'
import type { Handler } from '../exchange/exchange.ts'
import { uploadHeaders, uploadOf } from './upload-request.ts'

/** GET and HEAD of an upload: where it stands. @see OCI distribution-spec, "Pushing a blob in chunks" */
export function getUpload({ uploads }: { readonly uploads: BlobUploads }): Handler {
  return async (exchange) => {
    const upload = await uploads.status(uploadOf(exchange))
    exchange.response.writeHead(204, uploadHeaders(exchange, upload)).end()
  }
}
